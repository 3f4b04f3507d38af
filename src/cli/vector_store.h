// Vectors that wait on the disk until the last one is there: for what can only be said of all.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "base/growing_file.h"
#include "documents/record.h"
#include "tensor/matrix.h"

namespace merle {

class VectorStore {
 public:
  // Goes on with `file`, which must outlive it and hold nothing else than a store of this dim.
  VectorStore(GrowingFile& file, std::size_t dim) : file_(file), dim_(dim) {}

  // records: [n], without their texts; vectors: [n, dim]. Throws kIoError.
  void Append(std::span<const Record> records, MatrixView<const float> vectors);

  // Gives all that is there, in order, block by block. Throws kIoError.
  using Visit = std::function<void(std::span<const Record> records, MatrixView<const float>)>;
  void ForEachBlock(const Visit& visit);

 private:
  GrowingFile& file_;
  std::size_t dim_;
};

}  // namespace merle
