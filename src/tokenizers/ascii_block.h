// AsciiBlock: 16 bytes of text at once, for finding and lower-casing words of ASCII.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace merle {

static_assert(std::endian::native == std::endian::little);

inline bool IsAsciiLetterOrDigit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// A vector type of the compiler, which turns it into SSE2 or NEON: every CPU of the architecture
// has those, so nothing is chosen at run time. Wider vectors would not help: a word is shorter.
class AsciiBlock {
 public:
  static constexpr std::size_t kBytes = 16;

  // Reads kBytes bytes from `text` on.
  explicit AsciiBlock(const char* text) noexcept { std::memcpy(&bytes_, text, kBytes); }

  // How many bytes from the first one on are ASCII letters or digits: 0 to 16.
  std::size_t WordBytes() const noexcept {
    return static_cast<std::size_t>(std::countr_one(Bits(IsLetter() | (bytes_ - '0' < 10))));
  }

  // Turns ASCII capitals into small letters, if `case_bit` is 0x20; nothing if it is 0.
  void Lower(std::uint8_t case_bit) noexcept {
    bytes_ |= reinterpret_cast<Vector>(IsLetter()) & case_bit;
  }

  // Turns the bytes from `count` on to 0.
  void Keep(std::size_t count) noexcept {
    static constexpr unsigned char kKeep[2 * kBytes] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                        255, 255, 255, 255, 255, 255, 255, 255};
    Vector keep;
    std::memcpy(&keep, kKeep + kBytes - count, kBytes);
    bytes_ &= keep;
  }

  // Writes kBytes bytes.
  void Store(char* out) const noexcept { std::memcpy(out, &bytes_, kBytes); }

  // The first 8 bytes, or the last.
  std::uint64_t Half(std::size_t index) const noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, &bytes_, kBytes);
    return halves[index];
  }

 private:
  using Vector = unsigned char __attribute__((vector_size(kBytes)));
  using Mask = signed char __attribute__((vector_size(kBytes)));  // 0 or -1 each.

  Mask IsLetter() const noexcept { return (bytes_ | 0x20) - 'a' < 26; }

  // One bit a byte, in the low 16.
  static std::uint32_t Bits(Mask mask) noexcept {
#if defined(__SSE2__)
    return static_cast<std::uint32_t>(_mm_movemask_epi8(reinterpret_cast<__m128i>(mask)));
#else
    std::uint64_t halves[2];
    std::memcpy(halves, &mask, kBytes);
    // Moves the highest bit of byte i to bit 56 + i; no two products meet.
    const auto bits = [](std::uint64_t half) {
      return static_cast<std::uint32_t>((half & 0x8080808080808080u) * 0x0002040810204081u >> 56);
    };
    return bits(halves[0]) | bits(halves[1]) << 8;
#endif
  }

  Vector bytes_;
};

}  // namespace merle
