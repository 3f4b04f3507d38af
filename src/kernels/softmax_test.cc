#include "kernels/softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>

#include "kernels/kernel_test.h"

namespace merle {
namespace {

using SoftmaxTest = KernelTest;

constexpr float kInf = std::numeric_limits<float>::infinity();

TEST_P(SoftmaxTest, EqualsSoftmaxInDouble) {
  for (const std::size_t cols : kTailSizes) {
    const auto x = RandomMatrix(4, cols, 1, 5.0f);
    auto y = RandomMatrix(4, cols, 1, 5.0f);
    SoftmaxRows(y.view());
    for (std::size_t r = 0; r < 4; ++r) {
      double sum = 0;
      for (const float v : x.Row(r)) sum += std::exp(double{v});
      for (std::size_t c = 0; c < cols; ++c) {
        const double expected = std::exp(double{x.Row(r)[c]}) / sum;
        // The difference to the maximum (below 40) is rounded, exp errs by 1 ulp, the sum by one
        // rounding a term.
        const double roundings = 40 + 4 + static_cast<double>(cols);
        ASSERT_NEAR(y.Row(r)[c], expected, roundings * kFloatEps * expected) << cols << " columns";
      }
    }
  }
}

TEST_P(SoftmaxTest, GivesARowTheSameBitsAlone) {
  auto all = RandomMatrix(9, 37, 1);
  auto alone = RandomMatrix(9, 37, 1);
  SoftmaxRows(all.view());
  for (std::size_t r = 0; r < 9; ++r) SoftmaxRows(alone.view().Rows(r, 1));
  EXPECT_TRUE(SameBits(all.view(), alone.view()));
}

TEST_P(SoftmaxTest, StandsLargeScoresAndMasksWithMinusInfinity) {
  float x[] = {1000.0f, -kInf, 1000.0f, -1000.0f};
  SoftmaxRows({x, 1, 4});
  EXPECT_EQ(x[0], 0.5f);
  EXPECT_EQ(x[1], 0.0f);
  EXPECT_EQ(x[2], 0.5f);
  EXPECT_EQ(x[3], 0.0f);
}

TEST_P(SoftmaxTest, MakesARowWithNanOrInfinityNan) {
  for (const float bad : {float{NAN}, kInf}) {
    for (const std::size_t place : {0, 7, 18}) {
      auto x = RandomMatrix(1, 19, 1);
      x.Row(0)[place] = bad;
      SoftmaxRows(x.view());
      EXPECT_TRUE(std::isnan(x.Row(0)[place]));
    }
  }
}

INSTANTIATE_ON_ALL_CPU_PATHS(SoftmaxTest);

}  // namespace
}  // namespace merle
