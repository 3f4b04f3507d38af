// UTF-8: validation, and the way between bytes and code points.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace merle {

// Returns the offset of the first byte that is not part of a well-formed UTF-8 sequence (Unicode
// 15, table 3-7: no surrogates, no overlong forms, nothing above U+10FFFF), or nothing if all are.
std::optional<std::size_t> FindInvalidUtf8(std::string_view text) noexcept;

// Throws kInvalidArgument, naming `what` and the byte, counted from 0 as in all messages, if `text`
// is not well-formed UTF-8.
void CheckUtf8(std::string_view text, std::string_view what);

// Returns a copy with U+FFFD for every maximal ill-formed part, as the Unicode standard and
// browsers do.
std::string ReplaceInvalidUtf8(std::string_view text);

struct CodePoint {
  char32_t value;
  std::size_t bytes;  // Length of its UTF-8 form, 1 to 4.
};

// Decodes the code point that starts at text[offset]. `text` must be well-formed, `offset` a start.
inline CodePoint DecodeUtf8(std::string_view text, std::size_t offset) noexcept {
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[offset + i]));
  };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (lead < 0xF0) return {(lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  return {(lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F),
          4};
}

// Writes the UTF-8 form of `value`, which must be a Unicode scalar value, to `out`, where there
// must be room for 4 bytes. Returns the end of what it wrote.
inline char* EncodeUtf8(char32_t value, char* out) noexcept {
  const auto put = [&](char32_t bits) { *out++ = static_cast<char>(bits); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0 | value >> 6);
    put(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    put(0xE0 | value >> 12);
    put(0x80 | (value >> 6 & 0x3F));
    put(0x80 | (value & 0x3F));
  } else {
    put(0xF0 | value >> 18);
    put(0x80 | (value >> 12 & 0x3F));
    put(0x80 | (value >> 6 & 0x3F));
    put(0x80 | (value & 0x3F));
  }
  return out;
}

// Appends the UTF-8 form of `value`, which must be a Unicode scalar value.
void AppendUtf8(char32_t value, std::string& out);

// Number of code points in well-formed `text`.
std::size_t CountCodePoints(std::string_view text) noexcept;

}  // namespace merle
