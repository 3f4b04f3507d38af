// The head of a request, judged byte by byte before anything interprets it: whatever two parsers
// could read differently is refused.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "server/http_server.h"

namespace merle {

struct HeadProblem {
  int status;           // 400, 414, 417, 431, 501, 505.
  std::string message;  // One sentence for the client, without what it sent.
};

// Reads a head line by line as it comes, each byte once: who sends endless lines, or no HTTP at
// all, is refused before the end. RFC 9112, without what it allows for the sake of old software.
class HeadScanner {
 public:
  explicit HeadScanner(const HttpLimits& limits) : limits_(limits) {}

  // `bytes` are all that came so far: those of the call before, and more. Returns what is wrong
  // with the head so far; after that the scanner is spent.
  std::optional<HeadProblem> Scan(std::string_view bytes);

  // Where the head ends, behind its empty line; nothing while it is incomplete.
  std::optional<std::size_t> end() const { return end_; }

 private:
  std::optional<HeadProblem> TakeLine(std::string_view line);
  std::optional<HeadProblem> CheckLength(std::size_t line_bytes) const;

  const HttpLimits limits_;
  std::size_t line_ = 0;   // Where the line begins that is not yet whole.
  std::size_t lines_ = 0;  // Whole ones.
  std::size_t next_ = 0;   // The first byte not looked at.
  std::optional<std::size_t> end_;
};

}  // namespace merle
