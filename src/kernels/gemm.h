// Float32 matrix product with prepacked weights: the linear layers of every model.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/activation.h"
#include "kernels/tile_split.h"
#include "tensor/matrix.h"

namespace merle {

// A weight matrix [out_features, in_features], as torch.nn.Linear keeps it, laid out for Linear:
// panels of 32 output features, each [in_features, 32], so that the kernel reads memory in order.
//
//   packed()[(panel * in_features + i) * 32 + c] = weight[panel * 32 + c, i]
//
// The last panel is filled up with zeros. The layout is the same on every CPU path, so it may be
// kept in a file. Immutable; may be read in many threads.
class PackedWeights {
 public:
  static constexpr std::size_t kPanelCols = kPanelColumns;  // Two AVX-512 registers.

  PackedWeights() = default;
  // Packs a copy.
  explicit PackedWeights(MatrixView<const float> weight);

  // Shows the memory to `fields`, an object with Field(AlignedBuffer<T>&, size), which stores it
  // or, where the weights are empty yet, puts stored memory there.
  template <class Fields>
  void Visit(std::size_t out_features, std::size_t in_features, Fields& fields) {
    out_features_ = out_features;
    in_features_ = in_features;
    fields.Field(packed_, panels() * in_features_ * kPanelCols);
  }

  std::size_t out_features() const { return out_features_; }
  std::size_t in_features() const { return in_features_; }
  std::size_t panels() const { return (out_features_ + kPanelCols - 1) / kPanelCols; }
  const float* Panel(std::size_t panel) const {
    return packed_.data() + panel * in_features_ * kPanelCols;
  }
  std::span<const float> packed() const { return packed_.span(); }

 private:
  AlignedBuffer<float> packed_;
  std::size_t out_features_ = 0;
  std::size_t in_features_ = 0;
};

// What Linear does to the product before it stores it.
struct Epilogue {
  std::span<const float> bias = {};  // [out_features], or empty: none.
  Activation activation = Activation::kNone;
  // Added last, [rows, out_features]; empty: none. May be y itself (same data and stride).
  MatrixView<const float> residual = {};
};

// Panels [first, last) of the weights, that is, output features [32 * first, 32 * last).
struct PanelRange {
  std::size_t first;
  std::size_t last;
};

//   y[r, o] = activation(bias[o] + sum over i of x[r, i] * weight[o, i]) + residual[r, o]
//
//   x  [rows, in_features]
//   y  [rows, out_features], apart from x
//
// Each element is one sequence of fused multiply-adds in the order of i, starting at the bias: its
// bits don't depend on the other rows, on how many there are, or on the panels of the call. (Plain
// path: multiply, round, add.) Runs on the calling thread. To use several, give each some of the
// rows, or, where rows are few, some of the panels; then only their columns of y are written.
void Linear(MatrixView<const float> x, const PackedWeights& weights, const Epilogue& epilogue,
            MatrixView<float> y, PanelRange panels) noexcept;
void Linear(MatrixView<const float> x, const PackedWeights& weights, const Epilogue& epilogue,
            MatrixView<float> y) noexcept;

}  // namespace merle
