// The k best of many scores.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace merle {

struct ScoredIndex {
  std::size_t index;
  float score;

  bool operator==(const ScoredIndex&) const = default;
};

// Returns the min(k, scores.size()) highest scores, best first; equal scores in order of index, NaN
// after everything else. Takes O(n log k) time, O(k) memory.
std::vector<ScoredIndex> TopK(std::span<const float> scores, std::size_t k);

}  // namespace merle
