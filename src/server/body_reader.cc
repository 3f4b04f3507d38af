#include "server/body_reader.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include "base/format.h"
#include "server/http_head.h"
#include "server/http_server.h"

namespace merle {
namespace {

bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

BodyReader::BodyReader(const HttpLimits& limits, std::size_t length)
    : limits_(limits),
      chunked_(false),
      state_(length > 0 ? State::kData : State::kDone),
      left_(length) {
  if (length > limits.body_bytes) {
    Refuse(413, Format("The body is larger than {} bytes.", limits.body_bytes));
  }
}

BodyReader::BodyReader(const HttpLimits& limits)
    : limits_(limits), chunked_(true), state_(State::kSize) {}

std::size_t BodyReader::Take(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !done() && !problem_) {
    if (state_ == State::kData) {
      taken += TakeData(bytes.substr(taken));
    } else if (state_ == State::kSize) {
      TakeSize(bytes[taken++]);
    } else {
      TakeEnd(bytes[taken++]);
    }
  }
  return taken;
}

std::size_t BodyReader::TakeData(std::string_view bytes) {
  const std::size_t count = std::min(left_, bytes.size());
  Reserve(body_.size() + count);
  body_.append(bytes.substr(0, count));
  left_ -= count;
  if (left_ == 0) state_ = chunked_ ? State::kDataEnd : State::kDone;
  return count;
}

// Large bodies grow by much, as pages that are not yet written cost nothing: while the bytes move,
// the old and the new place are both there.
void BodyReader::Reserve(std::size_t size) {
  constexpr std::size_t kLarge = 1 << 20;
  if (size <= body_.capacity()) return;
  const std::size_t room = std::bit_ceil(size);
  body_.reserve(size < kLarge ? room : std::max(size, std::min(16 * room, limits_.body_bytes)));
}

void BodyReader::TakeSize(char c) {
  if (after_return_) {
    if (c != '\n') return Refuse(400, "The size of a chunk does not end with CR LF.");
    after_return_ = false;
    TakeSizeEnd();
  } else if (c == '\r' && !line_.empty()) {
    after_return_ = true;
  } else if (!IsHexDigit(c) || line_.size() == limits_.chunk_line_bytes) {
    Refuse(400, Format("The size of a chunk is not 1 to {} hexadecimal digits.",
                       limits_.chunk_line_bytes));
  } else {
    line_ += c;
  }
}

void BodyReader::TakeSizeEnd() {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(line_.data(), line_.data() + line_.size(), size, 16);
  line_.clear();
  if (error != std::errc() || size > limits_.body_bytes - body_.size()) {
    return Refuse(413, Format("The body is larger than {} bytes.", limits_.body_bytes));
  }
  if (++chunks_ > limits_.chunks) {
    return Refuse(400, Format("The body has more than {} chunks.", limits_.chunks));
  }
  left_ = size;
  state_ = size > 0 ? State::kData : State::kLastEnd;
}

// The CR LF behind the data of a chunk, or behind the last chunk, where trailers might stand.
void BodyReader::TakeEnd(char c) {
  if (c == '\r' && !after_return_) {
    after_return_ = true;
  } else if (c == '\n' && after_return_) {
    after_return_ = false;
    state_ = state_ == State::kDataEnd ? State::kSize : State::kDone;
  } else {
    Refuse(400, state_ == State::kDataEnd ? "The data of a chunk are longer than its size."
                                          : "There are headers behind the body.");
  }
}

void BodyReader::Refuse(int status, std::string_view message) {
  problem_ = HeadProblem{status, std::string(message)};
}

}  // namespace merle
