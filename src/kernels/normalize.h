// L2 normalization of rows.
#pragma once

#include "tensor/matrix.h"

namespace merle {

// Divides each row by max(its L2 norm, eps), in place, so a row of zeros stays zero. A row whose
// squares overflow (norm above 1.8e19) becomes zero.
// Peer: torch.nn.functional.normalize(x, p=2, dim=1, eps=eps).
void L2NormalizeRows(MatrixView<float> x, float eps = 1e-12f) noexcept;

}  // namespace merle
