#include "cli/best_records.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "documents/record.h"
#include "index/flat.h"

namespace merle {

void BestRecords::Add(std::span<const Neighbor> found, std::vector<Record> block) {
  for (const Neighbor& neighbor : found) {
    hits_.push_back({std::move(block[neighbor.row]), neighbor.score});
  }
  const auto rank = [](const Hit& hit) {
    return std::isnan(hit.score) ? -std::numeric_limits<float>::infinity() : hit.score;
  };
  std::ranges::stable_sort(hits_, std::greater<>(), rank);  // Of equal ones the earlier stay first.
  if (hits_.size() > most_)
    hits_.erase(hits_.begin() + static_cast<std::ptrdiff_t>(most_), hits_.end());
}

}  // namespace merle
