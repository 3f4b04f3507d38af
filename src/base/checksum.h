// SHA-256 and SHA-1 of bytes that come in pieces, by the system's OpenSSL.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace merle {

enum class ChecksumKind {
  kSha256,  // Large files of the Hugging Face hub.
  kSha1,    // Git objects. Guards against damage, not against an attacker.
};

class Checksum {
 public:
  // Opens libcrypto at the first use. Throws kUnimplemented if the system has none.
  explicit Checksum(ChecksumKind kind);
  Checksum(Checksum&&) noexcept;
  Checksum& operator=(Checksum&&) noexcept;
  ~Checksum();

  void Add(std::string_view bytes);
  std::string Finish();  // Lower-case hexadecimal digits. Nothing may be added after it.

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace merle
