// The tensors of a model folder by name, as float32 of a checked shape.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/folder.h"
#include "models/row_table.h"
#include "tensor/matrix.h"
#include "tensor/safetensors.h"

namespace merle {

// Opens model.safetensors, or the shards that model.safetensors.index.json names, and reads tensors
// from there when they are asked for. Needed for loading only, in one thread.
class Weights {
 public:
  using Files = std::vector<std::shared_ptr<const SafetensorsFile>>;  // Shared with the RowTables.

  // prefix: names may carry it or not ("bert."), as they do in files of a model with a head.
  // Throws kNotFound if the folder has no weights, kUnimplemented if it has pickled ones only,
  // kDataLoss if the index and the shards disagree, kResourceExhausted if the files are larger than
  // the memory of this machine, and what SafetensorsFile::Open throws.
  static Weights Open(const Folder& folder, std::string prefix);

  bool Has(std::string_view name) const { return Find(name).tensor != nullptr; }

  // The tensor `name` [rows, cols] or [size]. Old names of layer norms (gamma, beta) are found too.
  // Throws kDataLoss if it is missing or has another shape, before any memory is taken for it.
  Matrix<float> GetMatrix(std::string_view name, std::size_t rows, std::size_t cols);
  // Checks the same and reads nothing: for a matrix whose packed form is there already.
  void SkipMatrix(std::string_view name, std::size_t rows, std::size_t cols);
  RowTable GetTable(std::string_view name, std::size_t rows, std::size_t cols);
  AlignedBuffer<float> GetVector(std::string_view name, std::size_t size);

  const Files& files() const { return files_; }

  // Numbers in the tensors that were asked for.
  std::size_t parameters() const { return parameters_; }

 private:
  struct Found {
    std::shared_ptr<const SafetensorsFile> file;
    const Tensor* tensor;  // Null if there is none.
  };
  Found Find(std::string_view name) const;
  Found Expect(std::string_view name, std::span<const std::size_t> shape) const;

  std::string path_;  // Of the file with the weights, or of the index.
  std::string prefix_;
  Files files_;
  std::size_t parameters_ = 0;
};

}  // namespace merle
