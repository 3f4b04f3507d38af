// How texts are divided into the requests that a server takes.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace merle {

// What one request may hold.
struct RequestLimits {
  std::size_t texts = 2048;     // OpenAI's limits.
  std::size_t tokens = 300000;  // As EstimatedTokens counts.
};

// Tokens of a text whose tokenizer is not known: one for each two bytes. Text of people has 3 to 5
// bytes a token in any script; what has fewer makes a request too large, and is sent in two.
std::size_t EstimatedTokens(std::string_view text);

// The texts [first, last).
struct RequestRange {
  std::size_t first;
  std::size_t last;

  std::size_t size() const { return last - first; }
  bool operator==(const RequestRange&) const = default;
};

// Divides all texts, in order, into ranges within the limits; a text that alone is beyond them has
// one of its own. Where there is enough to do for `connections` at once, each gets something.
std::vector<RequestRange> PlanRequests(std::span<const std::string_view> texts,
                                       const RequestLimits& limits, std::size_t connections);

}  // namespace merle
