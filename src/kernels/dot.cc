#include "kernels/dot.h"

#include <cstddef>
#include <span>

#include "base/assert.h"
#include "tensor/matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dot.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"
#include "kernels/sum-inl.h"
#include "kernels/tail-inl.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {

HWY_INLINE float DotOf(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, size_t n) {
  const hn::ScalableTag<float> d;
  return SumTerms(d, n, [=](size_t i, size_t count, auto sum) HWY_ATTR {
    return hn::MulAdd(LoadUpTo(d, a + i, count), LoadUpTo(d, b + i, count), sum);
  });
}

void DotRowsOnTarget(const float* HWY_RESTRICT query, const float* HWY_RESTRICT table, size_t rows,
                     size_t cols, size_t stride, float* HWY_RESTRICT scores) {
  for (size_t r = 0; r < rows; ++r) scores[r] = DotOf(query, table + r * stride, cols);
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace merle {
namespace {

HWY_EXPORT(DotRowsOnTarget);

}  // namespace

float Dot(std::span<const float> a, std::span<const float> b) noexcept {
  MERLE_ASSERT(a.size() == b.size());
  float score;
  HWY_DYNAMIC_DISPATCH(DotRowsOnTarget)(a.data(), b.data(), 1, a.size(), a.size(), &score);
  return score;
}

void DotRows(std::span<const float> query, MatrixView<const float> table,
             std::span<float> scores) noexcept {
  MERLE_ASSERT(query.size() == table.cols() && scores.size() == table.rows());
  HWY_DYNAMIC_DISPATCH(DotRowsOnTarget)
  (query.data(), table.data(), table.rows(), table.cols(), table.stride(), scores.data());
}

}  // namespace merle
#endif
