#include "models/layers.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/format.h"
#include "base/json_reader.h"
#include "kernels/layer_norm.h"
#include "models/weights.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// Models have 1e-12 to 1e-5. Below, a float rounds it away; above, it drowns the variance.
constexpr double kLeastEps = 1e-20;
constexpr double kMostEps = 0.1;

}  // namespace

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
