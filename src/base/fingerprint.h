// A number that tells two sequences of bytes apart, made as they pass by.
#pragma once

#include <cstdint>
#include <string_view>

namespace merle {

// FNV-1a with 64 bits, about a byte a nanosecond. Its whole state is one number, so that it can be
// written down and gone on with. Against mistakes, not against attackers.
// Source: Fowler, Noll, Vo, Eastlake, "The FNV Non-Cryptographic Hash Algorithm".
class Fingerprint {
 public:
  Fingerprint() = default;
  explicit Fingerprint(std::uint64_t value) : value_(value) {}  // Goes on from there.

  void Add(std::string_view bytes) {
    for (const char c : bytes) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  void Add(std::uint64_t number) {
    for (int i = 0; i < 8; ++i) value_ = (value_ ^ (number >> 8 * i & 0xFF)) * 0x100000001b3;
  }

  std::uint64_t value() const { return value_; }
  bool operator==(const Fingerprint&) const = default;

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace merle
