#include "embedding/precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "base/error.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

using testing::ElementsAre;

template <typename T>
std::vector<std::vector<int>> Rows(const Matrix<T>& matrix) {
  std::vector<std::vector<int>> rows;
  rows.reserve(matrix.rows());
  for (std::size_t r = 0; r < matrix.rows(); ++r) {
    rows.emplace_back(matrix.Row(r).begin(), matrix.Row(r).end());
  }
  return rows;
}

Matrix<float> FromRows(const std::vector<std::vector<float>>& rows) {
  Matrix<float> matrix(rows.size(), rows[0].size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::copy(rows[r].begin(), rows[r].end(), matrix.Row(r).begin());
  }
  return matrix;
}

// Three vectors of 10 dimensions; the expected values below are what NumPy 2.4.6 gives for the
// rules of sentence_transformers 6.1.
class QuantizationTest : public testing::Test {
 protected:
  const Matrix<float> vectors_ =
      FromRows({{0.1F, -0.5F, 0.0F, 1.0F, 2.0F, -0.0F, 0.3F, 7.0F, 1.0F, 0.0F},
                {0.2F, 0.5F, 0.0F, -1.0F, -2.0F, 3.0F, 0.3F, 1.0F, -1.0F, 0.5F},
                {0.15F, 0.1F, 0.0F, 0.013F, 1e-6F, 1.0F, 0.3F, -7.0F, 0.25F, -0.5F}});
};

TEST_F(QuantizationTest, Uint8TakesTheRangesOfTheCall) {
  EXPECT_THAT(Rows(QuantizeUint8(vectors_.view(), FindRanges(vectors_.view()))),
              ElementsAre(ElementsAre(0, 0, 0, 254, 254, 0, 0, 255, 254, 127),
                          ElementsAre(255, 254, 0, 0, 0, 255, 0, 145, 0, 254),
                          ElementsAre(127, 153, 0, 129, 127, 85, 0, 0, 159, 0)));
}

TEST_F(QuantizationTest, Int8IsUint8Minus128) {
  EXPECT_THAT(Rows(QuantizeInt8(vectors_.view(), FindRanges(vectors_.view()))),
              ElementsAre(ElementsAre(-128, -128, -128, 126, 126, -128, -128, 127, 126, -1),
                          ElementsAre(127, 126, -128, -128, -128, 127, -128, 17, -128, 126),
                          ElementsAre(-1, 25, -128, 1, -1, -43, -128, -128, 31, -128)));
}

TEST_F(QuantizationTest, ValuesOutsideTheRangesAreClipped) {
  const QuantizationRanges ranges{.min = std::vector<float>(10, 0),
                                  .max = std::vector<float>(10, 1)};
  EXPECT_THAT(Rows(QuantizeUint8(vectors_.view(), ranges)),
              ElementsAre(ElementsAre(25, 0, 0, 254, 255, 0, 76, 255, 254, 0),
                          ElementsAre(50, 127, 0, 0, 0, 255, 76, 254, 0, 127),
                          ElementsAre(38, 25, 0, 3, 0, 254, 76, 0, 63, 0)));
}

TEST_F(QuantizationTest, UbinaryHasTheFirstDimensionInTheHighestBit) {
  EXPECT_THAT(Rows(QuantizeUbinary(vectors_.view())),
              ElementsAre(ElementsAre(155, 128), ElementsAre(199, 64), ElementsAre(222, 128)));
}

TEST_F(QuantizationTest, BinaryIsUbinaryMinus128) {
  EXPECT_THAT(Rows(QuantizeBinary(vectors_.view())),
              ElementsAre(ElementsAre(27, 0), ElementsAre(71, -64), ElementsAre(94, 0)));
}

TEST(Quantization, NumbersThatAreNoneStayInRange) {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto odd =
      FromRows({{std::numeric_limits<float>::quiet_NaN(), infinity, -infinity, 1e38F}});
  const QuantizationRanges ranges{.min = {0, 0, 0, 0}, .max = {1, 1, 1, 1}};
  EXPECT_THAT(Rows(QuantizeUint8(odd.view(), ranges)), ElementsAre(ElementsAre(0, 255, 0, 255)));
  QuantizeUint8(odd.view(), FindRanges(odd.view()));
}

TEST(Quantization, RefusesWhatDoesNotFit) {
  EXPECT_THROW(FindRanges(Matrix<float>(0, 4).view()), Error);
  EXPECT_THROW(QuantizeInt8(Matrix<float>(1, 4).view(), {.min = {0}, .max = {1}}), Error);
}

TEST(Precision, HasNameTypeAndColumns) {
  EXPECT_EQ(PrecisionName(*ParsePrecision("ubinary")), "ubinary");
  EXPECT_EQ(ParsePrecision("float16"), std::nullopt);
  EXPECT_EQ(PrecisionDType(Precision::kBinary), DType::kI8);
  EXPECT_EQ(PrecisionDType(Precision::kFloat32), DType::kF32);
  EXPECT_EQ(PrecisionCols(Precision::kBinary, 384), 48u);
  EXPECT_EQ(PrecisionCols(Precision::kUbinary, 9), 2u);
  EXPECT_EQ(PrecisionCols(Precision::kInt8, 9), 9u);
}

}  // namespace
}  // namespace merle
