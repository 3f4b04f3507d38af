#include "embedding/request_plan.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace merle {
namespace {

// A request with less is not worth dividing: its way there and back takes longer than its work.
constexpr std::size_t kLeastTokens = 16384;

}  // namespace

std::size_t EstimatedTokens(std::string_view text) { return text.size() / 2 + 1; }

std::vector<RequestRange> PlanRequests(std::span<const std::string_view> texts,
                                       const RequestLimits& limits, std::size_t connections) {
  std::size_t all_tokens = 0;
  for (const std::string_view text : texts) all_tokens += EstimatedTokens(text);
  const std::size_t share = std::max(kLeastTokens, all_tokens / connections + 1);
  const std::size_t most_tokens = std::min(limits.tokens, share);
  std::vector<RequestRange> ranges;
  std::size_t tokens = 0;  // Of the last range.
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::size_t more = EstimatedTokens(texts[i]);
    if (ranges.empty() || tokens + more > most_tokens || ranges.back().size() == limits.texts) {
      ranges.push_back({i, i});
      tokens = 0;
    }
    ranges.back().last = i + 1;
    tokens += more;
  }
  return ranges;
}

}  // namespace merle
