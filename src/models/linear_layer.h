// The linear layers of encoders, in every arithmetic.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/gemm.h"
#include "kernels/gemm_bf16.h"
#include "kernels/gemm_int8.h"
#include "models/compute.h"
#include "models/packed_cache.h"
#include "models/weights.h"
#include "tensor/matrix.h"

namespace merle {

class LinearLayer;

// The largest |x| that each input feature of each layer had: what quantization is fitted to.
using InputMaxima = std::map<const LinearLayer*, std::vector<float>>;

// What a thread needs to run linear layers: memory for inputs in another arithmetic.
struct LinearScratch {
  Bf16Rows bf16;
  Int8Rows int8;
  InputMaxima* maxima = nullptr;  // Where given, each input is looked at. Not thread-safe.
};

// y = x W^T + b, with W and b of one or several torch.nn.Linear side by side, all of one input.
class LinearLayer {
 public:
  LinearLayer() = default;
  // Joins `names` ("….query", "….key"): each has .weight [out_features, in_features] and .bias.
  // stored: where given, the weights come from there, in the arithmetic `compute`.
  LinearLayer(Weights& weights, std::span<const std::string> names, std::size_t out_features,
              std::size_t in_features, PackedFields* stored = nullptr,
              Compute compute = Compute::kF32);
  LinearLayer(Weights& weights, const std::string& name, std::size_t out_features,
              std::size_t in_features, PackedFields* stored = nullptr,
              Compute compute = Compute::kF32)
      : LinearLayer(weights, std::span(&name, 1), out_features, in_features, stored, compute) {}

  // Shows the weights to `fields`, to be stored.
  void Store(PackedFields& fields);

  // Replaces the float weights, once.
  void RoundToBf16();
  // input_maxima: [in_features], of typical inputs.
  // Throws kUnimplemented if there are too many input features for exact sums, kDataLoss if a
  // weight is not finite.
  void QuantizeToInt8(std::span<const float> input_maxima);

  // As Linear in kernels/gemm.h. y: [x.rows(), out_features of all].
  void Forward(MatrixView<const float> x, Activation activation, MatrixView<const float> residual,
               MatrixView<float> y, LinearScratch& scratch) const;

  // The same bits, with the columns of y shared out to all threads. For few rows: each weight is
  // then read by one core, where a split by rows would have every core read all.
  void ForwardShared(ThreadPool& pool, MatrixView<const float> x, Activation activation,
                     MatrixView<const float> residual, MatrixView<float> y,
                     LinearScratch& scratch) const;

 private:
  std::size_t panels() const;
  // Makes x what the product reads, in `scratch`.
  void Prepare(MatrixView<const float> x, LinearScratch& scratch) const;
  void Multiply(MatrixView<const float> x, const LinearScratch& scratch, const Epilogue& epilogue,
                MatrixView<float> y, PanelRange range) const noexcept;

  std::variant<PackedWeights, Bf16Weights, Int8Weights> weight_;
  AlignedBuffer<float> bias_;
};

}  // namespace merle
