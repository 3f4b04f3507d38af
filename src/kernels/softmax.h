// Softmax of rows.
#pragma once

#include "tensor/matrix.h"

namespace merle {

// x[r, j] becomes exp(x[r, j] - max(x[r])) / sum over i of exp(x[r, i] - max(x[r])), in place.
// A row's bits depend on that row only. -inf gives 0; a row with NaN or inf, or -inf only, becomes
// NaN, as in torch.
void SoftmaxRows(MatrixView<float> x) noexcept;

}  // namespace merle
