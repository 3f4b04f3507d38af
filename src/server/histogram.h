// Counts of values by size, as Prometheus has them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace merle {

// May be used in any thread; Add never waits.
class Histogram {
 public:
  static constexpr std::size_t kMostBounds = 16;

  // bounds: the upper ends of the buckets, rising, at most kMostBounds. Borrowed.
  explicit Histogram(std::span<const double> bounds);

  void Add(double value) noexcept;
  std::uint64_t count() const noexcept;

  // Appends the lines `name`_bucket, _sum and _count with `labels`, such as `stage="parse"`.
  void Write(std::string_view name, std::string_view labels, std::string& out) const;

 private:
  std::span<const double> bounds_;
  std::array<std::atomic<std::uint64_t>, kMostBounds + 1> buckets_ = {};  // Each for itself.
  std::atomic<double> sum_ = 0;
};

}  // namespace merle
