#include "kernels/layer_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>

#include "kernels/kernel_test.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

using LayerNormTest = KernelTest;

// Fails where y is farther from the norm in double than the roundings of the sums explain. `offset`
// is the mean's order of magnitude against a deviation of 1.
void ExpectNorm(const Matrix<float>& x, const Matrix<float>& gamma, const Matrix<float>& beta,
                float eps, const Matrix<float>& y, double offset) {
  const double n = static_cast<double>(x.cols());
  for (std::size_t r = 0; r < x.rows(); ++r) {
    double mean = 0, variance = 0;
    for (const float v : x.Row(r)) mean += v / n;
    for (const float v : x.Row(r)) variance += (v - mean) * (v - mean) / n;
    const double deviation = std::sqrt(variance + eps);
    for (std::size_t c = 0; c < x.cols(); ++c) {
      const double normal = (x.Row(r)[c] - mean) / deviation;
      const double expected = normal * gamma.Row(0)[c] + beta.Row(0)[c];
      const double mean_error = (n + 2) * kFloatEps * (offset + 4) / deviation;
      const double tolerance =
          (mean_error + (n + 8) * kFloatEps * std::abs(normal)) * std::abs(gamma.Row(0)[c]) +
          2 * kFloatEps * std::abs(expected);
      ASSERT_NEAR(y.Row(r)[c], expected, tolerance) << x.cols() << " columns";
    }
  }
}

TEST_P(LayerNormTest, EqualsTheNormInDouble) {
  for (const std::size_t cols : kTailSizes) {
    for (const float offset : {0.0f, 1000.0f}) {
      auto x = RandomMatrix(3, cols, 1);
      for (std::size_t r = 0; r < 3; ++r) {
        for (float& v : x.Row(r)) v += offset;
      }
      const auto gamma = RandomMatrix(1, cols, 2), beta = RandomMatrix(1, cols, 3);
      Matrix<float> y(3, cols);
      LayerNorm(x.view(), gamma.Row(0), beta.Row(0), 1e-2f, y.view());
      ExpectNorm(x, gamma, beta, 1e-2f, y, offset);
    }
  }
}

TEST_P(LayerNormTest, WorksInPlaceWithTheSameBitsForARowAlone) {
  const auto x = RandomMatrix(5, 50, 1), gamma = RandomMatrix(1, 50, 2),
             beta = RandomMatrix(1, 50, 3);
  Matrix<float> y(5, 50);
  LayerNorm(x.view(), gamma.Row(0), beta.Row(0), 1e-12f, y.view());
  auto in_place = RandomMatrix(5, 50, 1);
  for (std::size_t r = 0; r < 5; ++r) {
    const auto row = in_place.view().Rows(r, 1);
    LayerNorm(row, gamma.Row(0), beta.Row(0), 1e-12f, row);
  }
  EXPECT_TRUE(SameBits(in_place.view(), y.view()));
}

TEST_P(LayerNormTest, GivesBetaForAConstantRow) {
  Matrix<float> x(1, 384);
  for (float& v : x.Row(0)) v = 0.5f;
  const auto gamma = RandomMatrix(1, 384, 2), beta = RandomMatrix(1, 384, 3);
  LayerNorm(x.view(), gamma.Row(0), beta.Row(0), 1e-12f, x.view());
  for (std::size_t c = 0; c < 384; ++c) EXPECT_NEAR(x.Row(0)[c], beta.Row(0)[c], 1e-3f);
}

INSTANTIATE_ON_ALL_CPU_PATHS(LayerNormTest);

}  // namespace
}  // namespace merle
