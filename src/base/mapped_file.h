// A file in memory without reading it: for files that Merle itself made and never changes.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace merle {

// A regular file of this user that nobody else may write, mapped read-only. Others' files are read
// instead (docs/decisions/0003): a mapped file that is shortened ends the process.
class MappedFile {
 public:
  // Nothing if there is none, it is not this user's alone, or it can't be mapped.
  static std::optional<MappedFile> Open(const std::string& path) noexcept;

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::span<const std::byte> bytes_;
};

}  // namespace merle
