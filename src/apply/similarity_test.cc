#include "apply/similarity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <vector>

#include "base/error.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

TEST(Cosine, IgnoresLength) {
  EXPECT_DOUBLE_EQ(Cosine(std::vector<float>{3, 0}, std::vector<float>{0.5, 0.5}),
                   1 / std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(Cosine(std::vector<float>{1e-30F, 0}, std::vector<float>{1e30F, 0}), 1);
}

TEST(Cosine, OfZerosIsZero) {
  EXPECT_EQ(Cosine(std::vector<float>{0, 0}, std::vector<float>{1, 0}), 0);
}

TEST(Cosine, NeverLeavesItsRange) {
  const std::vector<float> v = {0.1F, 0.3F, 0.7F, 1.1F, 1e-3F};
  const std::vector<float> w = {-0.1F, -0.3F, -0.7F, -1.1F, -1e-3F};
  EXPECT_LE(Cosine(v, v), 1.0);
  EXPECT_GE(Cosine(v, w), -1.0);
}

TEST(Cosine, RefusesOtherLengths) {
  const float three[] = {1, 2, 3};
  EXPECT_THROW(Cosine(three, std::span(three).first(2)), Error);
}

TEST(CosineMatrix, ComparesEachWithEach) {
  Matrix<float> a(2, 2), b(1, 2);
  a.Row(0)[0] = 1;
  a.Row(1)[1] = -2;
  b.Row(0)[1] = 5;
  const Matrix<double> cosines = CosineMatrix(a.view(), b.view());
  EXPECT_EQ(cosines.rows(), 2u);
  EXPECT_EQ(cosines.cols(), 1u);
  EXPECT_EQ(cosines.Row(0)[0], 0);
  EXPECT_EQ(cosines.Row(1)[0], -1);
}

TEST(CosineMatrix, RefusesOtherLengths) {
  EXPECT_THROW(CosineMatrix(Matrix<float>(1, 2).view(), Matrix<float>(1, 3).view()), Error);
}

}  // namespace
}  // namespace merle
