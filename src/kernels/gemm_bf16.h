// Matrix product of bf16 numbers, summed in float: Linear with half the memory, and on CPUs with
// AVX512-BF16 twice the arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/gemm.h"
#include "kernels/tile_split.h"
#include "tensor/matrix.h"

namespace merle {

// Rows of bf16 numbers, rounded to nearest (ties to even), as Linear's bf16 product reads them. To
// be kept between calls: the memory never shrinks.
class Bf16Rows {
 public:
  // x: [rows, cols]. Forgets what was there.
  void Round(MatrixView<const float> x);

  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  std::size_t stride() const { return (cols_ + 1) / 2 * 2; }  // Filled up with a zero.
  const std::uint16_t* data() const { return values_.data(); }

 private:
  AlignedBuffer<std::uint16_t> values_;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
};

// PackedWeights rounded to bf16: panels of 32 output features, each [steps, 32, 2], where a step
// takes two input features. Immutable; may be read in many threads.
class Bf16Weights {
 public:
  Bf16Weights() = default;
  explicit Bf16Weights(const PackedWeights& weights);

  // As PackedWeights::Visit.
  template <class Fields>
  void Visit(std::size_t out_features, std::size_t in_features, Fields& fields) {
    out_features_ = out_features;
    in_features_ = in_features;
    fields.Field(data_, panels() * steps() * 2 * kPanelColumns);
  }

  std::size_t out_features() const { return out_features_; }
  std::size_t in_features() const { return in_features_; }
  std::size_t panels() const { return (out_features_ + kPanelColumns - 1) / kPanelColumns; }
  std::size_t steps() const { return (in_features_ + 1) / 2; }
  const std::uint16_t* data() const { return data_.data(); }

 private:
  AlignedBuffer<std::uint16_t> data_;
  std::size_t out_features_ = 0;
  std::size_t in_features_ = 0;
};

// As Linear, of x and weights rounded to bf16. The sums are of float, in the order of the input
// features, two at a time; the native path flushes denormal numbers to zero and rounds as
// VDPBF16PS does, all others multiply exactly and add. One path gives a row the same bits whatever
// stands beside it.
void LinearBf16(const Bf16Rows& x, const Bf16Weights& weights, const Epilogue& epilogue,
                MatrixView<float> y, PanelRange panels) noexcept;

}  // namespace merle
