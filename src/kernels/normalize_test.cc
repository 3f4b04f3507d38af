#include "kernels/normalize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>

#include "kernels/kernel_test.h"

namespace merle {
namespace {

using NormalizeTest = KernelTest;

TEST_P(NormalizeTest, DividesEachRowByItsNorm) {
  for (const std::size_t cols : kTailSizes) {
    const auto x = RandomMatrix(3, cols, 1);
    auto wide = RandomMatrix(3, cols + 4, 2);
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < cols; ++c) wide.Row(r)[c] = x.Row(r)[c];
    }
    const float beyond = wide.Row(1)[cols];
    L2NormalizeRows(wide.view().Cols(0, cols));
    for (std::size_t r = 0; r < 3; ++r) {
      double squares = 0;
      for (const float v : x.Row(r)) squares += double{v} * v;
      for (std::size_t c = 0; c < cols; ++c) {
        const double expected = x.Row(r)[c] / std::sqrt(squares);
        // Half the relative error of the sum, the root, the division.
        const double roundings = 0.5 * static_cast<double>(cols) + 3;
        ASSERT_NEAR(wide.Row(r)[c], expected, roundings * kFloatEps * std::abs(expected));
      }
    }
    EXPECT_EQ(wide.Row(1)[cols], beyond);
  }
}

TEST_P(NormalizeTest, DividesByEpsWhereTheNormIsSmaller) {
  float x[] = {0.0f, 0.0f, 0.0f, 1e-14f, 0.0f, 0.0f};
  L2NormalizeRows({x, 2, 3});
  EXPECT_EQ(x[0], 0.0f);
  EXPECT_FLOAT_EQ(x[3], 1e-2f);
}

TEST_P(NormalizeTest, KeepsNanAndZerosWhatOverflows) {
  float x[] = {NAN, 1.0f, 1e30f, 1.0f};
  L2NormalizeRows({x, 2, 2});
  EXPECT_TRUE(std::isnan(x[0]) && std::isnan(x[1]));
  EXPECT_EQ(x[2], 0.0f);
}

INSTANTIATE_ON_ALL_CPU_PATHS(NormalizeTest);

}  // namespace
}  // namespace merle
