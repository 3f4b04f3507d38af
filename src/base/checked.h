// Sizes that come from files: arithmetic that remembers when it overflowed.
#pragma once

#include <cstdint>
#include <optional>

namespace merle {

// A number of bytes or elements, or "too large". Once too large it stays so through + and *, even
// times 0, so one check at the end is enough:
//
//   if (!(CheckedSize(rows) * cols * 4).Is(file_bytes)) throw ...
class CheckedSize {
 public:
  constexpr CheckedSize(std::uint64_t size)  // NOLINT(google-explicit-constructor): loses nothing.
      : size_(size) {}

  // Nothing if it is too large.
  constexpr std::optional<std::uint64_t> value() const { return size_; }
  // Whether it is exactly, or at most, `size`. What is too large never is.
  constexpr bool Is(std::uint64_t size) const { return size_ && *size_ == size; }
  constexpr bool FitsIn(std::uint64_t size) const { return size_ && *size_ <= size; }

  friend constexpr CheckedSize operator+(CheckedSize a, CheckedSize b) {
    std::uint64_t sum = 0;
    if (!a.size_ || !b.size_ || __builtin_add_overflow(*a.size_, *b.size_, &sum)) return TooLarge();
    return sum;
  }
  friend constexpr CheckedSize operator*(CheckedSize a, CheckedSize b) {
    std::uint64_t product = 0;
    if (!a.size_ || !b.size_ || __builtin_mul_overflow(*a.size_, *b.size_, &product)) {
      return TooLarge();
    }
    return product;
  }

 private:
  static constexpr CheckedSize TooLarge() {
    CheckedSize size(0);
    size.size_.reset();
    return size;
  }

  std::optional<std::uint64_t> size_;
};

}  // namespace merle
