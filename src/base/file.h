// Whole files: bounded reading, writing that leaves the old file or the new one, memory mapping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace merle {

// Reads a regular file. Throws kNotFound if there is none, kDataLoss if it is larger than
// `max_bytes`, kIoError if it can't be read or is a folder.
std::string ReadFile(const std::string& path, std::size_t max_bytes);

// A file that is written under another name beside `path` and takes its place at Commit. When it
// is destroyed without Commit, nothing of it stays. Throws kIoError with the path and the cause.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void Write(std::string_view bytes);
  // Overwrites bytes that are already written, such as a header whose counts were not yet known.
  void WriteAt(std::uint64_t offset, std::string_view bytes);
  // Flushes, calls fsync, renames over `path`, calls fsync on the folder.
  void Commit();

 private:
  [[noreturn]] void Fail(const char* action) const;

  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
  std::string buffer_;
};

// A whole file in memory, mapped read-only. The pages are shared with every process that maps it.
class MappedFile {
 public:
  // Throws as ReadFile does. An empty file gives empty bytes.
  static MappedFile Open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  MappedFile(const std::byte* data, std::size_t size) : data_(data), size_(size) {}

  const std::byte* data_;
  std::size_t size_;
};

}  // namespace merle
