// Bytes from a file, a pipe or standard input, one piece after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace merle {

// An open input. Moves; one thread at a time.
class InputFile {
 public:
  // Opens a file or a named pipe; "-" is standard input, which stays open afterwards.
  // Throws kNotFound if there is none, kIoError if it can't be opened or is a folder.
  static InputFile Open(const std::string& path);

  // Gives `bytes`, which must outlive it, as if they were read from a file of that name.
  static InputFile OfBytes(std::string_view bytes, std::string name);

  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&& other) noexcept;
  ~InputFile();

  // Reads 1 to buffer.size() bytes; 0 only at the end. Throws kIoError.
  std::size_t Read(std::span<char> buffer);

  // Reads all that is left; gives nothing if that is more than `max_bytes`. Throws kIoError.
  std::optional<std::string> ReadAll(std::size_t max_bytes);

  const std::string& name() const { return name_; }  // The path, or "standard input".
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  InputFile(int descriptor, bool owned, std::string name);

  int descriptor_;          // -1: of bytes_.
  std::string_view bytes_;  // Those still to be given.
  bool owned_;
  std::string name_;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace merle
