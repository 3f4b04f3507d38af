#include "apply/similarity.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "base/error.h"
#include "base/format.h"
#include "tensor/matrix.h"

namespace merle {

namespace {

void CheckSameSize(std::size_t a, std::size_t b) {
  if (a == b) return;
  throw Error(ErrorCode::kInvalidArgument,
              Format("vectors of {} components can't be compared with vectors of {}", a, b));
}

}  // namespace

double Cosine(std::span<const float> a, std::span<const float> b) {
  CheckSameSize(a.size(), b.size());
  double aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i];
    const double y = b[i];
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  if (aa == 0 || bb == 0) return 0;
  const double cosine = ab / (std::sqrt(aa) * std::sqrt(bb));
  return std::clamp(cosine, -1.0, 1.0);  // Rounding may step outside; NaN stays NaN.
}

Matrix<double> CosineMatrix(MatrixView<const float> a, MatrixView<const float> b) {
  CheckSameSize(a.cols(), b.cols());
  Matrix<double> cosines(a.rows(), b.rows());
  for (std::size_t i = 0; i < a.rows(); ++i) {
    for (std::size_t j = 0; j < b.rows(); ++j) {
      cosines.Row(i)[j] = Cosine(a.Row(i), b.Row(j));
    }
  }
  return cosines;
}

}  // namespace merle
