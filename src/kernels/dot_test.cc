#include "kernels/dot.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/kernel_test.h"

namespace merle {
namespace {

using DotTest = KernelTest;

TEST_P(DotTest, EqualsTheSumInDouble) {
  for (const std::size_t n : kTailSizes) {
    const auto a = RandomMatrix(1, n, 1), b = RandomMatrix(1, n, 2);
    double sum = 0, magnitude = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double product = double{a.Row(0)[i]} * b.Row(0)[i];
      sum += product;
      magnitude += std::abs(product);
    }
    // Plain path: one rounding for each product beside that of each sum.
    const double roundings = static_cast<double>(n) + 1;
    EXPECT_NEAR(Dot(a.Row(0), b.Row(0)), sum, roundings * kFloatEps * magnitude) << n;
  }
}

TEST_P(DotTest, OfNothingIsZero) { EXPECT_EQ(Dot({}, {}), 0.0f); }

TEST_P(DotTest, OfATablesRowsHasTheSameBitsAsAlone) {
  const auto table = RandomMatrix(37, 100, 1), query = RandomMatrix(1, 77, 2);
  const auto part = table.view().Cols(13, 77);
  std::vector<float> scores(37);
  DotRows(query.Row(0), part, scores);
  for (std::size_t r = 0; r < 37; ++r) EXPECT_EQ(scores[r], Dot(query.Row(0), part.Row(r)));
}

INSTANTIATE_ON_ALL_CPU_PATHS(DotTest);

}  // namespace
}  // namespace merle
