// Exact nearest neighbours: compares a query with every vector.
#pragma once

#include <cstddef>
#include <vector>

#include "tensor/matrix.h"

namespace merle {

class ThreadPool;

struct Neighbor {
  std::size_t row;  // Of the searched matrix.
  float score;      // Dot product: cosine in [-1, 1] when both vectors have L2 norm 1.

  bool operator==(const Neighbor&) const = default;
};

// Searches a matrix of vectors [count, dim]. Immutable: const methods may run in several threads.
class FlatIndex {
 public:
  explicit FlatIndex(Matrix<float> vectors);            // Owns them.
  explicit FlatIndex(MatrixView<const float> vectors);  // Borrows them: they must outlive it.

  // Returns for each row of `queries` [n, dim] its min(k, count) best rows, best first, equal
  // scores by lower row; a NaN score comes last. The same result for any number of threads and
  // any other queries beside it. One pass over the vectors serves all the queries.
  // Throws kInvalidArgument if the queries have another dim.
  std::vector<std::vector<Neighbor>> Search(MatrixView<const float> queries, std::size_t k,
                                            ThreadPool& pool) const;

  std::size_t size() const { return vectors_.rows(); }
  std::size_t dim() const { return vectors_.cols(); }

 private:
  Matrix<float> owned_;
  MatrixView<const float> vectors_;
};

}  // namespace merle
