// A file descriptor that is closed with its owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace merle {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int value) : value_(value) {}  // Negative: none.
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(Descriptor&& other) noexcept : value_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }

  int value() const { return value_; }
  int Release() { return std::exchange(value_, -1); }  // Now the caller's to close.

 private:
  int value_ = -1;
};

}  // namespace merle
