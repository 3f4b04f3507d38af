#include "models/layers.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_reader.h"
#include "base/thread_pool.h"
#include "kernels/activation.h"
#include "kernels/gemm.h"
#include "kernels/layer_norm.h"
#include "models/weights.h"
#include "tensor/matrix.h"

namespace merle {

LinearLayer::LinearLayer(Weights& weights, std::span<const std::string> names,
                         std::size_t out_features, std::size_t in_features) {
  // All tensors are found and checked before memory is taken: the sizes come from a file.
  std::vector<MatrixView<const float>> parts;
  std::vector<std::span<const float>> biases;
  for (const std::string& name : names) {
    parts.push_back(weights.GetMatrix(name + ".weight", out_features, in_features));
    biases.push_back(weights.GetVector(name + ".bias", out_features));
  }
  Matrix<float> joined(names.size() * out_features, in_features);
  bias_ = AlignedBuffer<float>(names.size() * out_features);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::copy_n(parts[i].data(), out_features * in_features, joined.Row(i * out_features).data());
    std::copy_n(biases[i].data(), out_features, bias_.data() + i * out_features);
  }
  weight_ = PackedWeights(joined.view());
}

void LinearLayer::Forward(MatrixView<const float> x, Activation activation,
                          MatrixView<const float> residual, MatrixView<float> y) const noexcept {
  Linear(x, weight_,
         {.bias = {bias_.data(), bias_.size()}, .activation = activation, .residual = residual}, y);
}

void LinearLayer::ForwardShared(ThreadPool& pool, MatrixView<const float> x, Activation activation,
                                MatrixView<const float> residual, MatrixView<float> y) const {
  const Epilogue epilogue{
      .bias = {bias_.data(), bias_.size()}, .activation = activation, .residual = residual};
  const std::size_t panels = weight_.panels();
  const std::size_t tasks = std::min(panels, 2 * pool.size());
  pool.ParallelFor(tasks, [&](std::size_t task, std::size_t) {
    Linear(x, weight_, epilogue, y,
           {.first = panels * task / tasks, .last = panels * (task + 1) / tasks});
  });
}

LayerNormLayer::LayerNormLayer(Weights& weights, const std::string& name, std::size_t size,
                               float eps)
    : gamma_(weights.GetVector(name + ".weight", size)),
      beta_(weights.GetVector(name + ".bias", size)),
      eps_(eps) {}

void LayerNormLayer::Forward(MatrixView<float> x) const noexcept {
  LayerNorm(x, gamma_, beta_, eps_, x);
}

std::size_t ConfigSize(const JsonValue& config, std::string_view key, std::size_t low,
                       std::size_t high) {
  return static_cast<std::size_t>(
      config.At(key).AsInteger(static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)));
}

float ConfigEps(const JsonValue& config, std::string_view key, float fallback) {
  const auto value = config.Find(key);
  if (!value) return fallback;
  const double eps = value->AsNumber();
  if (!(eps > 0 && eps < 1)) value->Fail("must be above 0 and below 1");
  return static_cast<float>(eps);
}

}  // namespace merle
