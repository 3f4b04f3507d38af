#include "kernels/normalize.h"

#include <cstddef>

#include "tensor/matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/normalize.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"
#include "kernels/sum-inl.h"
#include "kernels/tail-inl.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {

void NormalizeOnTarget(float* x, size_t rows, size_t cols, size_t stride, float eps) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t r = 0; r < rows; ++r, x += stride) {
    const float squares = SumTerms(d, cols, [=](size_t i, size_t count, auto sum) HWY_ATTR {
      const auto v = LoadUpTo(d, x + i, count);
      return hn::MulAdd(v, v, sum);
    });
    const float norm = hn::GetLane(hn::Sqrt(hn::Set(d, squares)));
    const auto divisor = hn::Set(d, norm < eps ? eps : norm);  // A norm of NaN stays.
    for (size_t i = 0; i < cols; i += lanes) {
      const size_t count = cols - i < lanes ? cols - i : lanes;
      StoreUpTo(hn::Div(LoadUpTo(d, x + i, count), divisor), d, x + i, count);
    }
  }
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace merle {
namespace {

HWY_EXPORT(NormalizeOnTarget);

}  // namespace

void L2NormalizeRows(MatrixView<float> x, float eps) noexcept {
  HWY_DYNAMIC_DISPATCH(NormalizeOnTarget)(x.data(), x.rows(), x.cols(), x.stride(), eps);
}

}  // namespace merle
#endif
