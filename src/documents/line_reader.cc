#include "documents/line_reader.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "documents/input_file.h"
#include "documents/row_error.h"

namespace merle {
namespace {

constexpr std::size_t kReadBytes = 1 << 16;

}  // namespace

LineReader::LineReader(InputFile input, char separator, std::size_t max_line_bytes)
    : input_(std::move(input)), separator_(separator), max_line_bytes_(max_line_bytes) {}

std::optional<std::string_view> LineReader::Next() {
  std::size_t length = 0;  // Bytes behind begin_ that hold no separator.
  for (;;) {
    const std::size_t end = buffer_.find(separator_, begin_ + length);
    if (end != std::string::npos) return Take(end, end + 1);
    length = buffer_.size() - begin_;
    if (length > max_line_bytes_) {
      SkipRestOfLine();
      FailTooLong();
    }
    if (!Fill()) break;
  }
  if (length == 0) return std::nullopt;
  return Take(buffer_.size(), buffer_.size());
}

std::string_view LineReader::Take(std::size_t end, std::size_t next) {
  std::string_view line(buffer_.data() + begin_, end - begin_);
  begin_ = next;
  ++line_;
  if (line.size() > max_line_bytes_) FailTooLong();
  if (line_ == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (separator_ == '\n' && line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool LineReader::Fill() {
  if (ended_) return false;
  buffer_.erase(0, begin_);
  begin_ = 0;
  const std::size_t size = buffer_.size();
  buffer_.resize(size + std::max(kReadBytes, size));  // Doubles: a long line costs linear time.
  const std::size_t got = input_.Read(std::span(buffer_).subspan(size));
  buffer_.resize(size + got);
  ended_ = got == 0;  // A terminal would ask for more after its end.
  return !ended_;
}

void LineReader::SkipRestOfLine() {
  ++line_;
  for (;;) {
    const std::size_t end = buffer_.find(separator_, begin_);
    if (end != std::string::npos) {
      begin_ = end + 1;
      return;
    }
    begin_ = buffer_.size();
    if (!Fill()) return;
  }
}

void LineReader::FailTooLong() const {
  FailRow(ErrorCode::kResourceExhausted, name(), line_,
          Format("longer than {} bytes; is it a text file, and the form right?", max_line_bytes_));
}

}  // namespace merle
