// Cosines between vectors.
#pragma once

#include <span>

#include "tensor/matrix.h"

namespace merle {

// In [-1, 1], summed in double from the float32 components. 0 if a vector is all zeros.
// Throws kInvalidArgument if a and b have different lengths.
double Cosine(std::span<const float> a, std::span<const float> b);

// Returns [a.rows, b.rows]: the cosine of each row of `a` with each of `b`, as
// sentence_transformers.util.cos_sim. For a few texts: use FlatIndex to search many.
// Throws kInvalidArgument if the rows have different lengths.
Matrix<double> CosineMatrix(MatrixView<const float> a, MatrixView<const float> b);

}  // namespace merle
