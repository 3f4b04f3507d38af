#include "models/linear_layer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/thread_pool.h"
#include "kernels/activation.h"
#include "kernels/gemm.h"
#include "kernels/gemm_bf16.h"
#include "kernels/gemm_int8.h"
#include "models/compute.h"
#include "models/packed_cache.h"
#include "models/weights.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// The larger of two magnitudes; NaN if one of them is NaN, unlike std::max.
float LargerOrNaN(float a, float b) { return a >= b || std::isnan(a) ? a : b; }

// The largest |w| of each input feature, NaN where there is one.
std::vector<float> WeightMaxima(const PackedWeights& weights) {
  constexpr std::size_t kCols = PackedWeights::kPanelCols;
  std::vector<float> maxima(weights.in_features());
  for (std::size_t panel = 0; panel < weights.panels(); ++panel) {
    const float* row = weights.Panel(panel);
    for (std::size_t i = 0; i < maxima.size(); ++i, row += kCols) {
      float max = 0;
      for (std::size_t c = 0; c < kCols; ++c) max = LargerOrNaN(max, std::abs(row[c]));
      maxima[i] = LargerOrNaN(maxima[i], max);
    }
  }
  return maxima;
}

// s[i] = sqrt(max |x[i]| / max |w[i]|): both then have the range of their geometric mean.
// Source: Xiao et al. 2023, SmoothQuant, alpha 0.5.
std::vector<float> Smoothing(std::span<const float> inputs, std::span<const float> weights) {
  // A feature that is never there, or never used, is left as it is.
  constexpr float kLeast = 1e-5f;
  std::vector<float> smoothing(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool used = inputs[i] > kLeast && weights[i] > kLeast;
    smoothing[i] = used ? std::sqrt(inputs[i] / weights[i]) : 1.0f;
  }
  return smoothing;
}

void AddMaxima(MatrixView<const float> x, std::vector<float>& maxima) {
  maxima.resize(x.cols());
  for (std::size_t r = 0; r < x.rows(); ++r) {
    for (std::size_t i = 0; i < x.cols(); ++i) {
      maxima[i] = LargerOrNaN(maxima[i], std::abs(x.At(r, i)));
    }
  }
}

}  // namespace

LinearLayer::LinearLayer(Weights& weights, std::span<const std::string> names,
                         std::size_t out_features, std::size_t in_features, PackedFields* stored,
                         Compute compute) {
  const std::size_t rows = names.size() * out_features;
  bias_ = AlignedBuffer<float>(rows);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto bias = weights.GetVector(names[i] + ".bias", out_features);
    std::ranges::copy(bias.span(), bias_.data() + i * out_features);
  }
  if (stored != nullptr) {
    for (const std::string& name : names) {
      weights.SkipMatrix(name + ".weight", out_features, in_features);
    }
    if (compute == Compute::kBf16) weight_ = Bf16Weights();
    if (compute == Compute::kInt8) weight_ = Int8Weights();
    std::visit([&](auto& w) { w.Visit(rows, in_features, *stored); }, weight_);
    return;
  }
  if (names.size() == 1) {
    weight_ =
        PackedWeights(weights.GetMatrix(names[0] + ".weight", out_features, in_features).view());
    return;
  }
  auto joined = Matrix<float>::Uninitialized(rows, in_features);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto part = weights.GetMatrix(names[i] + ".weight", out_features, in_features);
    std::copy_n(part.data(), out_features * in_features, joined.Row(i * out_features).data());
  }
  weight_ = PackedWeights(joined.view());
}

void LinearLayer::Store(PackedFields& fields) {
  std::visit([&](auto& w) { w.Visit(w.out_features(), w.in_features(), fields); }, weight_);
}

void LinearLayer::RoundToBf16() { weight_ = Bf16Weights(std::get<PackedWeights>(weight_)); }

void LinearLayer::QuantizeToInt8(std::span<const float> input_maxima) {
  const auto& weights = std::get<PackedWeights>(weight_);
  if (weights.in_features() > Int8Weights::kMaxInFeatures) {
    throw Error(ErrorCode::kUnimplemented,
                Format("int8 takes layers of at most {} input features, this model has one of {}",
                       Int8Weights::kMaxInFeatures, weights.in_features()));
  }
  const std::vector<float> maxima = WeightMaxima(weights);
  const auto is_finite = [](float x) { return std::isfinite(x); };
  const std::span<const float> bias(bias_.data(), weights.out_features());
  if (!std::ranges::all_of(maxima, is_finite) || !std::ranges::all_of(input_maxima, is_finite) ||
      !std::ranges::all_of(bias, is_finite)) {
    throw Error(
        ErrorCode::kDataLoss,
        "the model's weights are damaged: they hold, or lead to, numbers that are not finite");
  }
  weight_ = Int8Weights(weights, Smoothing(input_maxima, maxima));
}

std::size_t LinearLayer::panels() const {
  return std::visit([](const auto& weights) { return weights.panels(); }, weight_);
}

void LinearLayer::Prepare(MatrixView<const float> x, LinearScratch& scratch) const {
  if (scratch.maxima != nullptr) AddMaxima(x, (*scratch.maxima)[this]);
  if (std::holds_alternative<Bf16Weights>(weight_)) scratch.bf16.Round(x);
  if (const auto* weights = std::get_if<Int8Weights>(&weight_)) {
    scratch.int8.Quantize(x, weights->input_factors());
  }
}

void LinearLayer::Multiply(MatrixView<const float> x, const LinearScratch& scratch,
                           const Epilogue& epilogue, MatrixView<float> y,
                           PanelRange range) const noexcept {
  if (const auto* weights = std::get_if<Int8Weights>(&weight_)) {
    LinearInt8(scratch.int8, *weights, epilogue, y, range);
  } else if (const auto* rounded = std::get_if<Bf16Weights>(&weight_)) {
    LinearBf16(scratch.bf16, *rounded, epilogue, y, range);
  } else {
    Linear(x, *std::get_if<PackedWeights>(&weight_), epilogue, y, range);
  }
}

void LinearLayer::Forward(MatrixView<const float> x, Activation activation,
                          MatrixView<const float> residual, MatrixView<float> y,
                          LinearScratch& scratch) const {
  Prepare(x, scratch);
  Multiply(x, scratch, {.bias = bias_.span(), .activation = activation, .residual = residual}, y,
           {.first = 0, .last = panels()});
}

void LinearLayer::ForwardShared(ThreadPool& pool, MatrixView<const float> x, Activation activation,
                                MatrixView<const float> residual, MatrixView<float> y,
                                LinearScratch& scratch) const {
  Prepare(x, scratch);
  const Epilogue epilogue{.bias = bias_.span(), .activation = activation, .residual = residual};
  const std::size_t tasks = std::min(panels(), 2 * pool.size());
  pool.ParallelFor(tasks, [&](std::size_t task, std::size_t) {
    Multiply(x, scratch, epilogue, y,
             {.first = panels() * task / tasks, .last = panels() * (task + 1) / tasks});
  });
}

}  // namespace merle
