// The body of a request out of the bytes behind its head: a known length, or chunks.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "server/http_head.h"
#include "server/http_server.h"

namespace merle {

// Takes bytes as they come, in pieces of any size, and keeps the body alone. Memory follows what
// has come, not what was announced.
class BodyReader {
 public:
  // A body of `length` bytes.
  BodyReader(const HttpLimits& limits, std::size_t length);
  // A chunked one: sizes are 1 to 16 hexadecimal digits and nothing else, no trailers (RFC 9112,
  // section 7.1, without the extensions, which hide what another parser may see).
  explicit BodyReader(const HttpLimits& limits);

  // Takes what belongs to the body from the front of `bytes`, and returns how much that was: all of
  // it until the body is done.
  std::size_t Take(std::string_view bytes);

  bool done() const { return state_ == State::kDone; }
  // Why the body is refused: 400, 413. Nothing more is taken then.
  const std::optional<HeadProblem>& problem() const { return problem_; }

  std::string& body() { return body_; }  // What has come.

 private:
  enum class State { kData, kDataEnd, kSize, kLastEnd, kDone };

  std::size_t TakeData(std::string_view bytes);
  void Reserve(std::size_t size);
  void TakeSize(char c);
  void TakeSizeEnd();
  void TakeEnd(char c);
  void Refuse(int status, std::string_view message);

  const HttpLimits limits_;
  const bool chunked_;
  State state_;
  std::size_t left_ = 0;       // Of the data of the length, or of this chunk.
  std::string line_;           // Of a chunk's size, so far.
  bool after_return_ = false;  // Behind the CR of an end of a line.
  std::size_t chunks_ = 0;
  std::string body_;
  std::optional<HeadProblem> problem_;
};

}  // namespace merle
