// Layer normalization of rows.
#pragma once

#include <span>

#include "tensor/matrix.h"

namespace merle {

//   y[r, j] = (x[r, j] - mean(x[r])) / sqrt(variance(x[r]) + eps) * gamma[j] + beta[j]
//
//   x, y         [rows, cols]; y may be x itself (same data and stride)
//   gamma, beta  [cols]
//
// The variance is the mean square distance from the mean, in a second pass: E[x^2] - E[x]^2 loses
// all digits where the mean is large. A row's bits depend on that row only.
// Source: Ba et al. 2016. Peer: torch.nn.functional.layer_norm.
void LayerNorm(MatrixView<const float> x, std::span<const float> gamma, std::span<const float> beta,
               float eps, MatrixView<float> y) noexcept;

}  // namespace merle
