// Lines of an input, in memory that does not grow with the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "documents/input_file.h"

namespace merle {

inline constexpr std::size_t kMaxTextBytes = 64u << 20;  // 64 MiB: a text this long is a mistake.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Splits an input at `separator`. A separator at the very end starts no further line, and
// a byte order mark at the very start is dropped, as is the \r of \r\n.
class LineReader {
 public:
  // separator: '\n', or '\0' for what `find -print0` writes (then \r and \n are kept).
  explicit LineReader(InputFile input, char separator = '\n',
                      std::size_t max_line_bytes = kMaxTextBytes);

  // The next line without its end, or nothing after the last. The view lives until the next call.
  // Throws kResourceExhausted if it is longer than max_line_bytes (the next call then goes on with
  // the line after it), kIoError if reading fails.
  std::optional<std::string_view> Next();

  std::size_t max_line_bytes() const { return max_line_bytes_; }
  std::size_t line() const { return line_; }  // Number of the line that Next gave last, from 1.
  const std::string& name() const { return input_.name(); }
  std::uint64_t bytes_read() const { return input_.bytes_read(); }

 private:
  bool Fill();  // Reads more behind what is there. Returns false at the end.
  std::string_view Take(std::size_t end, std::size_t next);
  void SkipRestOfLine();
  [[noreturn]] void FailTooLong() const;

  InputFile input_;
  char separator_;
  std::size_t max_line_bytes_;
  std::string buffer_;  // What has been read and not yet given away is [begin_, size).
  std::size_t begin_ = 0;
  bool ended_ = false;
  std::size_t line_ = 0;
};

}  // namespace merle
