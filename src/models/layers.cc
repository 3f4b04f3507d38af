#include "models/layers.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/format.h"
#include "base/json_reader.h"
#include "base/thread_pool.h"
#include "kernels/activation.h"
#include "kernels/gemm.h"
#include "kernels/layer_norm.h"
#include "models/weights.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// Models have 1e-12 to 1e-5. Below, a float rounds it away; above, it drowns the variance.
constexpr double kLeastEps = 1e-20;
constexpr double kMostEps = 0.1;

}  // namespace

LinearLayer::LinearLayer(Weights& weights, std::span<const std::string> names,
                         std::size_t out_features, std::size_t in_features) {
  std::vector<Matrix<float>> parts;
  bias_ = AlignedBuffer<float>(names.size() * out_features);
  for (std::size_t i = 0; i < names.size(); ++i) {
    parts.push_back(weights.GetMatrix(names[i] + ".weight", out_features, in_features));
    const auto bias = weights.GetVector(names[i] + ".bias", out_features);
    std::ranges::copy(bias.span(), bias_.data() + i * out_features);
  }
  if (parts.size() == 1) {
    weight_ = PackedWeights(parts[0].view());
    return;
  }
  auto joined = Matrix<float>::Uninitialized(names.size() * out_features, in_features);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::copy_n(parts[i].data(), out_features * in_features, joined.Row(i * out_features).data());
  }
  weight_ = PackedWeights(joined.view());
}

void LinearLayer::Forward(MatrixView<const float> x, Activation activation,
                          MatrixView<const float> residual, MatrixView<float> y) const noexcept {
  Linear(x, weight_, {.bias = bias_.span(), .activation = activation, .residual = residual}, y);
}

void LinearLayer::ForwardShared(ThreadPool& pool, MatrixView<const float> x, Activation activation,
                                MatrixView<const float> residual, MatrixView<float> y) const {
  const Epilogue epilogue{.bias = bias_.span(), .activation = activation, .residual = residual};
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
  LayerNorm(x, gamma_.span(), beta_.span(), eps_, x);
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
  if (!(eps >= kLeastEps && eps <= kMostEps)) {
    value->Fail(Format("must be {} to {}", kLeastEps, kMostEps));
  }
  return static_cast<float>(eps);
}

}  // namespace merle
