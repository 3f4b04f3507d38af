// Bytes from a file, a pipe or standard input, one piece after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace merle {

// An open input. Moves; one thread at a time.
class InputFile {
 public:
  // Opens a file or a named pipe; "-" is standard input, which stays open afterwards.
  // Throws kNotFound if there is none, kIoError if it can't be opened or is a folder.
  static InputFile Open(const std::string& path);

  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&& other) noexcept;
  ~InputFile();

  // Reads 1 to buffer.size() bytes; 0 only at the end. Throws kIoError.
  std::size_t Read(std::span<char> buffer);

  const std::string& name() const { return name_; }  // The path, or "standard input".
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  InputFile(int descriptor, bool owned, std::string name);

  int descriptor_;
  bool owned_;
  std::string name_;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace merle
