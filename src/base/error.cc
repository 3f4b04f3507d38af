#include "base/error.h"

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/quote.h"

namespace merle {
namespace {

constexpr std::size_t kMostBytes = 2000;  // Of a message.
constexpr std::size_t kEndBytes = 500;    // Kept of the end of a longer one: it tells the problem.
constexpr std::string_view kEllipsis = "…";

// The start of the character at text[at].
std::size_t CharacterAt(std::string_view text, std::size_t at) {
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

std::string OneLine(std::string_view message) {
  std::string line = Escaped(message);
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
