#include "kernels/top_k.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace merle {

std::vector<ScoredIndex> TopK(std::span<const float> scores, std::size_t k) {
  k = std::min(k, scores.size());
  if (k == 0) return {};
  std::vector<ScoredIndex> best;  // A heap with the worst on top, once it holds k.
  best.reserve(k);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const ScoredIndex candidate{i, scores[i]};
    if (best.size() < k) {
      best.push_back(candidate);
      std::push_heap(best.begin(), best.end(), Better);
    } else if (Better(candidate, best.front())) {
      std::pop_heap(best.begin(), best.end(), Better);
      best.back() = candidate;
      std::push_heap(best.begin(), best.end(), Better);
    }
  }
  std::sort_heap(best.begin(), best.end(), Better);
  return best;
}

}  // namespace merle
