#include "server/http_head.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/format.h"

namespace merle {
namespace {

HeadProblem Bad(std::string_view message) { return {400, std::string(message)}; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// RFC 9110, section 5.6.2.
bool IsToken(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return IsLetter(c) || IsDigit(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::optional<HeadProblem> CheckVersion(std::string_view version) {
  if (version == "HTTP/1.1" || version == "HTTP/1.0") return std::nullopt;
  if (version.size() == 8 && version.starts_with("HTTP/") && IsDigit(version[5]) &&
      version[6] == '.' && IsDigit(version[7])) {
    return HeadProblem{505, "This server speaks HTTP/1.1."};
  }
  return Bad("The request line has no HTTP version.");
}

std::optional<HeadProblem> CheckRequestLine(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (!IsToken(line.substr(0, first))) return Bad("The request line has no method.");
  if (first == std::string_view::npos) return Bad("The request line has no target.");
  if (first == last) return HeadProblem{505, "This server speaks HTTP/1.1."};  // As HTTP/0.9.
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (target.empty() || target.find_first_of(" \t") != std::string_view::npos) {
    return Bad("The request line has more than three parts.");
  }
  return CheckVersion(line.substr(last + 1));
}

std::optional<HeadProblem> CheckHeader(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') {
    return Bad("A header goes on in a second line.");
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return Bad("A header has no colon.");
  if (!IsToken(line.substr(0, colon))) {
    return Bad("The name of a header is empty or has a character that may not be there.");
  }
  return std::nullopt;
}

// Control characters, but the tab that a value may have.
bool IsForbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7F;
}

}  // namespace

std::optional<HeadProblem> HeadScanner::Scan(std::string_view bytes) {
  for (; !end_ && next_ < bytes.size(); ++next_) {
    const char c = bytes[next_];
    const bool after_return = next_ > line_ && bytes[next_ - 1] == '\r';
    if ((c == '\n') != after_return) return Bad("A line of the head does not end with CR LF.");
    if (c == '\n') {
      if (auto problem = TakeLine(bytes.substr(line_, next_ - 1 - line_))) return problem;
      line_ = next_ + 1;
    } else if (c != '\r') {
      if (IsForbidden(c)) return Bad("The head has a control character.");
      if (auto problem = CheckLength(next_ + 1 - line_)) return problem;
    }
    if (next_ >= limits_.head_bytes) return HeadProblem{431, "The headers are too long."};
  }
  return std::nullopt;
}

std::optional<HeadProblem> HeadScanner::CheckLength(std::size_t line_bytes) const {
  if (line_bytes <= limits_.line_bytes) return std::nullopt;
  if (lines_ == 0) return HeadProblem{414, "The request line is too long."};
  return HeadProblem{431, "A header is too long."};
}

std::optional<HeadProblem> HeadScanner::TakeLine(std::string_view line) {
  if (lines_ == 0) {
    ++lines_;
    return CheckRequestLine(line);
  }
  if (line.empty()) {
    end_ = next_ + 1;
    return std::nullopt;
  }
  if (lines_++ > limits_.headers) {
    return HeadProblem{431, Format("There are more than {} headers.", limits_.headers)};
  }
  return CheckHeader(line);
}

}  // namespace merle
