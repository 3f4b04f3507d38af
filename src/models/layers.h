// The blocks that encoder families are made of: weights read by name, computed on some rows.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/json_reader.h"
#include "models/weights.h"
#include "tensor/matrix.h"

namespace merle {

// gamma, beta and eps of one layer normalization.
class LayerNormLayer {
 public:
  LayerNormLayer() = default;
  // name: that of the module, with .weight and .bias [size].
  LayerNormLayer(Weights& weights, const std::string& name, std::size_t size, float eps);

  // Normalizes the rows of x in place.
  void Forward(MatrixView<float> x) const noexcept;

 private:
  AlignedBuffer<float> gamma_, beta_;
  float eps_ = 0;
};

// Integers and numbers of config.json, in the range where the arithmetic of a model is safe.
std::size_t ConfigSize(const JsonValue& config, std::string_view key, std::size_t low,
                       std::size_t high);
// Throws kDataLoss unless 1e-20 <= value <= 0.1.
float ConfigEps(const JsonValue& config, std::string_view key, float fallback);

}  // namespace merle
