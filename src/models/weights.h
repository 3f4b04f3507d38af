// The tensors of a model folder by name, as float32 of a checked shape.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/matrix.h"
#include "tensor/safetensors.h"

namespace merle {

// Reads model.safetensors, or the shards that model.safetensors.index.json names. What it returns
// lives as long as this object: float32 tensors are used where they lie in the mapped file, others
// are converted once. For loading, in one thread.
class Weights {
 public:
  // prefix: names may carry it or not ("bert."), as they do in files of a model with a head.
  // Throws kNotFound if the folder has no weights, kUnimplemented if it has pickled ones only.
  static Weights Open(const std::string& folder, std::string prefix);

  bool Has(std::string_view name) const { return Find(name) != nullptr; }

  // The tensor `name` [rows, cols] or [size]. Old names of layer norms (gamma, beta) are found too.
  // Throws kDataLoss if it is missing or has another shape.
  MatrixView<const float> GetMatrix(std::string_view name, std::size_t rows, std::size_t cols);
  std::span<const float> GetVector(std::string_view name, std::size_t size);

  // Numbers in the tensors that were asked for.
  std::size_t parameters() const { return parameters_; }

 private:
  const Tensor* Find(std::string_view name) const;
  const float* Floats(std::string_view name, std::span<const std::size_t> shape);

  std::string folder_;
  std::string prefix_;
  std::vector<SafetensorsFile> files_;
  std::deque<AlignedBuffer<float>> converted_;
  std::size_t parameters_ = 0;
};

}  // namespace merle
