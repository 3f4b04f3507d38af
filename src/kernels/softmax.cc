#include "kernels/softmax.h"

#include <cstddef>

#include "tensor/matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/softmax.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"
#include "kernels/softmax-inl.h"
#include "kernels/tail-inl.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {

void SoftmaxOnTarget(float* x, size_t rows, size_t cols, size_t stride) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t r = 0; r < rows; ++r, x += stride) {
    const auto sum = hn::Set(d, ExpAndSum(d, x, cols, 1.0f, MaxOf(d, x, cols)));
    for (size_t i = 0; i < cols; i += lanes) {
      const size_t count = cols - i < lanes ? cols - i : lanes;
      StoreUpTo(hn::Div(LoadUpTo(d, x + i, count), sum), d, x + i, count);
    }
  }
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace merle {
namespace {

HWY_EXPORT(SoftmaxOnTarget);

}  // namespace

void SoftmaxRows(MatrixView<float> x) noexcept {
  HWY_DYNAMIC_DISPATCH(SoftmaxOnTarget)(x.data(), x.rows(), x.cols(), x.stride());
}

}  // namespace merle
#endif
