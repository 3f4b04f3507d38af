// Matrix product of 8-bit integers, exact in 32 bits: Linear with a quarter of the memory, and on
// CPUs with byte dot products several times the arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/gemm.h"
#include "kernels/tile_split.h"
#include "tensor/matrix.h"

namespace merle {

// Weights in 8 bits, symmetric, with a scale for each output feature:
//
//   weight[o, i] * smoothing[i] ~ scales[o] * values[o, i], values from -127 to 127
//
// Smoothing moves the outliers of an input feature from the activations, whose rows have one scale
// each, to the weights: Quantize divides them by it. Source: Xiao et al. 2023, SmoothQuant.
// In panels of 32 output features, each [steps, 32, 4]: a step takes four input features.
// Immutable; may be read in many threads.
class Int8Weights {
 public:
  // Above, the sum of in_features products of 255 * 127 would not fit in 32 bits.
  static constexpr std::size_t kMaxInFeatures = 65536;

  Int8Weights() = default;
  // smoothing: [in_features], all above 0. Weights must be finite.
  Int8Weights(const PackedWeights& weights, std::span<const float> smoothing);

  // As PackedWeights::Visit.
  template <class Fields>
  void Visit(std::size_t out_features, std::size_t in_features, Fields& fields) {
    out_features_ = out_features;
    in_features_ = in_features;
    fields.Field(data_, panels() * steps() * kPanelStepBytes);
    fields.Field(scales_, panels() * kPanelColumns);
    fields.Field(sums_, panels() * kPanelColumns);
    fields.Field(input_factors_, in_features_);
  }

  std::size_t out_features() const { return out_features_; }
  std::size_t in_features() const { return in_features_; }
  std::size_t panels() const { return (out_features_ + kPanelColumns - 1) / kPanelColumns; }
  std::size_t steps() const { return (in_features_ + 3) / 4; }
  const std::int8_t* data() const { return data_.data(); }
  const float* scales() const { return scales_.data(); }     // [32 * panels]
  const std::int32_t* sums() const { return sums_.data(); }  // [32 * panels]: of values over i.
  std::span<const float> input_factors() const { return input_factors_.span(); }  // 1 / smoothing

 private:
  AlignedBuffer<std::int8_t> data_;
  AlignedBuffer<float> scales_;
  AlignedBuffer<std::int32_t> sums_;
  AlignedBuffer<float> input_factors_;
  std::size_t out_features_ = 0;
  std::size_t in_features_ = 0;
};

// Activations in 8 bits, each row with its own scale and zero, so that a row's numbers don't depend
// on the others:
//
//   x[r, i] * factors[i] ~ scale(r) * (values[r, i] - zero(r)), values from 0 to 255
//
// To be kept between calls: the memory never shrinks.
class Int8Rows {
 public:
  // x: [rows, cols]; factors: [cols]. Forgets what was there. The same bits on every CPU path.
  void Quantize(MatrixView<const float> x, std::span<const float> factors);

  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  std::size_t stride() const { return (cols_ + 63) / 64 * 64; }  // Filled up with anything.
  const std::uint8_t* data() const { return values_.data(); }
  const float* scales() const { return scales_.data(); }
  const std::int32_t* zeros() const { return zeros_.data(); }

 private:
  AlignedBuffer<std::uint8_t> values_;
  AlignedBuffer<float> scales_;
  AlignedBuffer<std::int32_t> zeros_;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
};

// As Linear, of x and weights in 8 bits. The sums are exact, hence the same on every CPU; scaling,
// bias, activation and residual are in float.
void LinearInt8(const Int8Rows& x, const Int8Weights& weights, const Epilogue& epilogue,
                MatrixView<float> y, PanelRange panels) noexcept;

}  // namespace merle
