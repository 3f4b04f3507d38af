// The modules that may follow pooling in a sentence-transformers model: Dense, Normalize,
// LayerNorm.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/folder.h"
#include "tensor/matrix.h"

namespace merle {

// Vectors in, vectors out. Immutable: const methods may run in several threads.
class Module {
 public:
  virtual ~Module() = default;

  // in [rows, in_dim], out [rows, out_dim], apart from each other. A row's bits depend on that row.
  virtual void Forward(MatrixView<const float> in, MatrixView<float> out) const = 0;

  virtual std::size_t out_dim() const = 0;
  virtual std::string Describe() const = 0;  // "Dense: 384 to 256, tanh"
};

// Makes the module of a class name, the last part of `type` in modules.json ("Dense"), from its
// folder, for vectors of in_dim components.
// Throws kUnimplemented for a class or an option that Merle doesn't know, kDataLoss for a broken
// or unfit file.
std::unique_ptr<Module> LoadModule(std::string_view class_name, const Folder& folder,
                                   std::size_t in_dim);

}  // namespace merle
