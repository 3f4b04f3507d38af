// The blocks that encoder families are made of: weights read by name, computed on some rows.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/json_reader.h"
#include "base/thread_pool.h"
#include "kernels/gemm.h"
#include "models/weights.h"
#include "tensor/matrix.h"

namespace merle {

// y = x W^T + b, with W and b of one or several torch.nn.Linear side by side, all of one input.
class LinearLayer {
 public:
  LinearLayer() = default;
  // Joins `names` ("….query", "….key"): each has .weight [out_features, in_features] and .bias.
  LinearLayer(Weights& weights, std::span<const std::string> names, std::size_t out_features,
              std::size_t in_features);
  LinearLayer(Weights& weights, const std::string& name, std::size_t out_features,
              std::size_t in_features)
      : LinearLayer(weights, std::span(&name, 1), out_features, in_features) {}

  // As Linear in kernels/gemm.h. y: [x.rows(), out_features of all].
  void Forward(MatrixView<const float> x, Activation activation, MatrixView<const float> residual,
               MatrixView<float> y) const noexcept;

  // The same bits, with the columns of y shared out to all threads. For few rows: each weight is
  // then read by one core, where a split by rows would have every core read all.
  void ForwardShared(ThreadPool& pool, MatrixView<const float> x, Activation activation,
                     MatrixView<const float> residual, MatrixView<float> y) const;

 private:
  PackedWeights weight_;
  AlignedBuffer<float> bias_;
};

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
