// The k best of many scores.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace merle {

struct ScoredIndex {
  std::size_t index;
  float score;

  bool operator==(const ScoredIndex&) const = default;
};

// True if `a` comes before `b`: a higher score, NaN below all others, then a lower index. A strict
// total order where the indices differ.
inline bool Better(const ScoredIndex& a, const ScoredIndex& b) noexcept {
  if (a.score > b.score) return true;
  if (a.score < b.score) return false;
  if (std::isnan(a.score) != std::isnan(b.score)) return std::isnan(b.score);
  return a.index < b.index;
}

// Returns the min(k, scores.size()) best scores in the order of Better. Takes O(n log k) time, O(k)
// memory.
std::vector<ScoredIndex> TopK(std::span<const float> scores, std::size_t k);

}  // namespace merle
