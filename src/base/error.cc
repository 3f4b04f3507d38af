#include "base/error.h"

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/format.h"
#include "base/utf8.h"

namespace merle {
namespace {

constexpr std::size_t kMostBytes = 2000;  // Of a message.
constexpr std::size_t kEndBytes = 500;    // Kept of the end of a longer one: it tells the problem.
constexpr std::string_view kEllipsis = "…";

// What a terminal obeys or breaks the line at, and the marks that reorder a line.
bool IsControl(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

// The start of the character at text[at].
std::size_t CharacterAt(std::string_view text, std::size_t at) {
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

std::string OneLine(std::string_view message) {
  const std::string text = ReplaceInvalidUtf8(message);
  std::string line;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = DecodeUtf8(text, i);
    if (IsControl(c.value)) {
      AppendFormat(line, "\\u{:04x}", static_cast<unsigned>(c.value));
    } else {
      line.append(text, i, c.bytes);
    }
    i += c.bytes;
  }
  if (line.size() <= kMostBytes) return line;
  const std::size_t begin = CharacterAt(line, kMostBytes - kEndBytes - kEllipsis.size());
  const std::size_t end = CharacterAt(line, line.size() - kEndBytes + 3);
  return line.substr(0, begin).append(kEllipsis).append(line, end);
}

}  // namespace

Error::Error(ErrorCode code, std::string_view message)
    : std::runtime_error(OneLine(message)), code_(code) {}

std::string_view ErrorCodeName(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kAlreadyExists:
      return "already_exists";
    case ErrorCode::kFailedPrecondition:
      return "failed_precondition";
    case ErrorCode::kResourceExhausted:
      return "resource_exhausted";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kDataLoss:
      return "data_loss";
    case ErrorCode::kIoError:
      return "io_error";
    case ErrorCode::kUnimplemented:
      return "unimplemented";
  }
  return "unknown";
}

}  // namespace merle
