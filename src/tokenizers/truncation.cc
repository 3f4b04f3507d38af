#include "tokenizers/truncation.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/error.h"
#include "base/format.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

// The longer text gives way first, then both: half each, the odd token to the longer one.
KeptTokens CutLongest(std::size_t first, std::size_t second, std::size_t most) {
  const std::size_t shorter = std::min(first, second);
  const bool first_is_longer = first > second;
  std::size_t keep_short = shorter;
  std::size_t keep_long = shorter > most ? shorter : std::max(shorter, most - shorter);
  if (keep_short + keep_long > most) {
    keep_short = most / 2;
    keep_long = keep_short + most % 2;
  }
  return first_is_longer ? KeptTokens{keep_long, keep_short} : KeptTokens{keep_short, keep_long};
}

std::size_t CutOne(std::size_t tokens, std::size_t excess, const char* which) {
  if (tokens > excess) return tokens - excess;
  throw Error(ErrorCode::kInvalidArgument,
              Format("max_length asks to cut {} tokens of the {} text, which has {}", excess, which,
                     tokens));
}

}  // namespace

KeptTokens Truncate(std::size_t first, std::optional<std::size_t> second, std::size_t most,
                    Truncation strategy) {
  if (most == 0) return {0, 0};
  const std::size_t all = first + second.value_or(0);
  if (all <= most) return {first, second.value_or(0)};
  switch (strategy) {
    case Truncation::kLongestFirst:
      return second ? CutLongest(first, *second, most) : KeptTokens{most, 0};
    case Truncation::kOnlyFirst:
      return {CutOne(first, all - most, "first"), second.value_or(0)};
    case Truncation::kOnlySecond:
      break;
  }
  if (!second) {
    throw Error(ErrorCode::kInvalidArgument,
                "the truncation strategy cuts the second text, and there is none");
  }
  return {first, CutOne(*second, all - most, "second")};
}

}  // namespace merle
