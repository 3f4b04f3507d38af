#include "models/layers.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/layer_norm.h"

namespace merle {

LinearLayer::LinearLayer(Weights& weights, std::span<const std::string> names,
                         std::size_t out_features, std::size_t in_features)
    : bias_(names.size() * out_features) {
  Matrix<float> joined(names.size() * out_features, in_features);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto weight = weights.GetMatrix(names[i] + ".weight", out_features, in_features);
    const auto bias = weights.GetVector(names[i] + ".bias", out_features);
    std::copy_n(weight.data(), out_features * in_features,
                joined.data() + i * out_features * in_features);
    std::copy_n(bias.data(), out_features, bias_.data() + i * out_features);
  }
  weight_ = PackedWeights(joined.view());
}

void LinearLayer::Forward(MatrixView<const float> x, Activation activation,
                          MatrixView<const float> residual, MatrixView<float> y) const noexcept {
  Linear(x, weight_,
         {.bias = {bias_.data(), bias_.size()}, .activation = activation, .residual = residual}, y);
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
  return static_cast<std::size_t>(config.At(key).AsInteger(static_cast<std::int64_t>(low),
                                                           static_cast<std::int64_t>(high)));
}

float ConfigEps(const JsonValue& config, std::string_view key, float fallback) {
  const auto value = config.Find(key);
  if (!value) return fallback;
  const double eps = value->AsNumber();
  if (!(eps > 0 && eps < 1)) value->Fail("must be above 0 and below 1");
  return static_cast<float>(eps);
}

}  // namespace merle
