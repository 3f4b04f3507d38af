#include "kernels/layer_norm.h"

#include <cstddef>
#include <span>

#include "base/assert.h"
#include "tensor/matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/layer_norm.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"
#include "kernels/sum-inl.h"
#include "kernels/tail-inl.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {

// y may be x, so no HWY_RESTRICT on them.
void LayerNormOfRow(const float* x, size_t cols, const float* HWY_RESTRICT gamma,
                    const float* HWY_RESTRICT beta, float eps, float* y) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto inverse_n = hn::Set(d, 1.0f / static_cast<float>(cols));

  const float total = SumTerms(d, cols, [=](size_t i, size_t count, auto sum) HWY_ATTR {
    return hn::Add(sum, LoadUpTo(d, x + i, count));
  });
  const auto mean = hn::Mul(hn::Set(d, total), inverse_n);
  const float squares = SumTerms(d, cols, [=](size_t i, size_t count, auto sum) HWY_ATTR {
    const auto deviation = hn::Sub(LoadUpTo(d, x + i, count), mean);
    const auto added = hn::MulAdd(deviation, deviation, sum);
    return count == lanes ? added : hn::IfThenElse(hn::FirstN(d, count), added, sum);
  });
  const auto variance = hn::Mul(hn::Set(d, squares), inverse_n);
  const auto scale = hn::Div(hn::Set(d, 1.0f), hn::Sqrt(hn::Add(variance, hn::Set(d, eps))));

  for (size_t i = 0; i < cols; i += lanes) {
    const size_t count = cols - i < lanes ? cols - i : lanes;
    const auto normal = hn::Mul(hn::Sub(LoadUpTo(d, x + i, count), mean), scale);
    const auto out =
        hn::MulAdd(normal, LoadUpTo(d, gamma + i, count), LoadUpTo(d, beta + i, count));
    StoreUpTo(out, d, y + i, count);
  }
}

void LayerNormOnTarget(const float* x, size_t rows, size_t cols, size_t x_stride,
                       const float* gamma, const float* beta, float eps, float* y,
                       size_t y_stride) {
  for (size_t r = 0; r < rows; ++r) {
    LayerNormOfRow(x + r * x_stride, cols, gamma, beta, eps, y + r * y_stride);
  }
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace merle {
namespace {

HWY_EXPORT(LayerNormOnTarget);

}  // namespace

void LayerNorm(MatrixView<const float> x, std::span<const float> gamma, std::span<const float> beta,
               float eps, MatrixView<float> y) noexcept {
  MERLE_ASSERT(x.rows() == y.rows() && x.cols() == y.cols());
  MERLE_ASSERT(gamma.size() == x.cols() && beta.size() == x.cols());
  HWY_DYNAMIC_DISPATCH(LayerNormOnTarget)
  (x.data(), x.rows(), x.cols(), x.stride(), gamma.data(), beta.data(), eps, y.data(), y.stride());
}

}  // namespace merle
#endif
