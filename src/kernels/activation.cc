#include "kernels/activation.h"

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "tensor/matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/activation.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"
#include "kernels/tail-inl.h"
#include "kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {

template <class Op>
void ApplyToRows(Op op, float* x, size_t rows, size_t cols, size_t stride) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t r = 0; r < rows; ++r, x += stride) {
    size_t i = 0;
    for (; i + lanes <= cols; i += lanes) hn::StoreU(op(d, hn::LoadU(d, x + i)), d, x + i);
    if (i < cols) StoreTail(op(d, LoadTail(d, x + i, cols - i)), d, x + i, cols - i);
  }
}

void ActivateOnTarget(Activation activation, float* x, size_t rows, size_t cols, size_t stride) {
  switch (activation) {
    case Activation::kNone:
      return;
    case Activation::kGelu:
      return ApplyToRows(GeluOp(), x, rows, cols, stride);
    case Activation::kGeluTanh:
      return ApplyToRows(GeluTanhOp(), x, rows, cols, stride);
    case Activation::kRelu:
      return ApplyToRows(ReluOp(), x, rows, cols, stride);
    case Activation::kSilu:
      return ApplyToRows(SiluOp(), x, rows, cols, stride);
    case Activation::kTanh:
      return ApplyToRows(TanhOp(), x, rows, cols, stride);
  }
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace merle {
namespace {

HWY_EXPORT(ActivateOnTarget);

constexpr std::pair<std::string_view, Activation> kNames[] = {
    {"gelu", Activation::kGelu},          {"gelu_new", Activation::kGeluTanh},
    {"gelu_fast", Activation::kGeluTanh}, {"gelu_pytorch_tanh", Activation::kGeluTanh},
    {"relu", Activation::kRelu},          {"silu", Activation::kSilu},
    {"swish", Activation::kSilu},         {"tanh", Activation::kTanh},
    {"linear", Activation::kNone},
};

}  // namespace

std::optional<Activation> ParseActivation(std::string_view name) {
  for (const auto& [known, activation] : kNames) {
    if (known == name) return activation;
  }
  return std::nullopt;
}

void Activate(Activation activation, MatrixView<float> x) noexcept {
  HWY_DYNAMIC_DISPATCH(ActivateOnTarget)(activation, x.data(), x.rows(), x.cols(), x.stride());
}

}  // namespace merle
#endif
