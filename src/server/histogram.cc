#include "server/histogram.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/format.h"

namespace merle {

Histogram::Histogram(std::span<const double> bounds) : bounds_(bounds) {
  MERLE_ASSERT(bounds.size() <= kMostBounds);
}

void Histogram::Add(double value) noexcept {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  buckets_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const noexcept {
  std::uint64_t count = 0;
  for (const auto& bucket : buckets_) count += bucket.load(std::memory_order_relaxed);
  return count;
}

void Histogram::Write(std::string_view name, std::string_view labels, std::string& out) const {
  const std::string_view comma = labels.empty() ? "" : ",";
  std::uint64_t below = 0;  // Buckets are cumulative in the format.
  for (std::size_t b = 0; b < bounds_.size(); ++b) {
    below += buckets_[b].load(std::memory_order_relaxed);
    AppendFormat(out, "{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma, bounds_[b], below);
  }
  below += buckets_[bounds_.size()].load(std::memory_order_relaxed);
  AppendFormat(out, "{}_bucket{{{}{}le=\"+Inf\"}} {}\n", name, labels, comma, below);
  const std::string braced = labels.empty() ? "" : Format("{{{}}}", labels);
  AppendFormat(out, "{}_sum{} {}\n", name, braced, sum_.load(std::memory_order_relaxed));
  AppendFormat(out, "{}_count{} {}\n", name, braced, below);
}

}  // namespace merle
