#include "kernels/gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/activation.h"
#include "kernels/kernel_test.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

using LinearTest = KernelTest;

struct Operands {
  Operands(std::size_t rows, std::size_t in, std::size_t out)
      : x(RandomMatrix(rows, in, 1)),
        weight(RandomMatrix(out, in, 2)),
        bias(RandomMatrix(1, out, 3)),
        residual(RandomMatrix(rows, out, 4)),
        packed(weight.view()) {}

  Epilogue BiasOnly() const { return {.bias = bias.Row(0)}; }

  Matrix<float> x, weight, bias, residual;
  PackedWeights packed;
};

Matrix<float> RunLinear(MatrixView<const float> x, const PackedWeights& packed,
                        const Epilogue& epilogue) {
  Matrix<float> y(x.rows(), packed.out_features());
  Linear(x, packed, epilogue, y.view());
  return y;
}

double ExactGelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }

// Fails where y is farther from the product in double than in + 1 roundings explain (Higham 2002,
// section 3.1); `apply` is the exact activation, with a slope of at most 1.13.
template <class Apply>
void ExpectProduct(const Operands& o, MatrixView<const float> y, bool bias, bool residual,
                   Apply apply, double activation_error) {
  for (std::size_t r = 0; r < y.rows(); ++r) {
    for (std::size_t c = 0; c < y.cols(); ++c) {
      double sum = bias ? o.bias.Row(0)[c] : 0.0;
      double magnitude = std::abs(sum);
      for (std::size_t i = 0; i < o.x.cols(); ++i) {
        const double product = double{o.x.Row(r)[i]} * o.weight.Row(c)[i];
        sum += product;
        magnitude += std::abs(product);
      }
      const double added = residual ? o.residual.Row(r)[c] : 0.0;
      const double expected = apply(sum) + added;
      const double roundings = 2.0 * static_cast<double>(o.x.cols()) + 1;  // Plain: two a term.
      const double tolerance = 1.13 * roundings * kFloatEps * magnitude +
                               activation_error * std::max(1.0, std::abs(sum)) +
                               2 * kFloatEps * std::abs(expected);
      ASSERT_NEAR(y.At(r, c), expected, tolerance) << "at [" << r << ", " << c << "]";
    }
  }
}

TEST_P(LinearTest, EqualsTheProductInDouble) {
  for (const std::size_t in : kTailSizes) {
    for (const std::size_t out : {1, 5, 16, 31, 32, 33, 48, 100}) {
      for (const std::size_t rows : {1, 5, 13}) {
        SCOPED_TRACE(testing::Message() << rows << " x " << in << " x " << out);
        const Operands o(rows, in, out);
        const auto y = RunLinear(o.x.view(), o.packed, o.BiasOnly());
        ExpectProduct(o, y.view(), true, false, [](double s) { return s; }, 0);
      }
    }
  }
}

TEST_P(LinearTest, AppliesBiasThenActivationThenResidual) {
  for (const std::size_t out : {31, 32, 80}) {
    const Operands o(14, 40, out);
    const auto gelu = RunLinear(
        o.x.view(), o.packed,
        {.bias = o.bias.Row(0), .activation = Activation::kGelu, .residual = o.residual.view()});
    ExpectProduct(o, gelu.view(), true, true, ExactGelu, 3e-7);
    const auto relu = RunLinear(o.x.view(), o.packed, {.activation = Activation::kRelu});
    ExpectProduct(o, relu.view(), false, false, [](double s) { return std::max(s, 0.0); }, 0);
    const auto residual = RunLinear(o.x.view(), o.packed, {.residual = o.residual.view()});
    ExpectProduct(o, residual.view(), false, true, [](double s) { return s; }, 0);
  }
}

TEST_P(LinearTest, GivesARowTheSameBitsInEveryBatch) {
  for (const std::size_t out : {40, 96}) {
    const Operands o(40, 70, out);
    const Epilogue epilogue{.bias = o.bias.Row(0), .activation = Activation::kGelu};
    const auto all = RunLinear(o.x.view(), o.packed, epilogue);
    for (std::size_t rows = 1; rows <= 40; ++rows) {
      const std::size_t first = 40 - rows;
      const auto some = RunLinear(o.x.view().Rows(first, rows), o.packed, epilogue);
      ASSERT_TRUE(SameBits(some.view(), all.view().Rows(first, rows))) << rows << " rows";
    }
  }
}

TEST_P(LinearTest, GivesARowTheSameBitsWhateverTheOthersHold) {
  Operands o(13, 64, 64);
  const auto before = RunLinear(o.x.view(), o.packed, o.BiasOnly());
  for (float& element : o.x.Row(3)) element = NAN;
  const auto after = RunLinear(o.x.view(), o.packed, o.BiasOnly());
  EXPECT_TRUE(SameBits(after.view().Rows(4, 9), before.view().Rows(4, 9)));
  EXPECT_TRUE(SameBits(after.view().Rows(0, 3), before.view().Rows(0, 3)));
  EXPECT_TRUE(std::isnan(after.Row(3)[0]));
}

TEST_P(LinearTest, WritesOnlyThePanelsAskedFor) {
  const Operands o(7, 33, 100);
  const auto all = RunLinear(o.x.view(), o.packed, o.BiasOnly());
  Matrix<float> y(7, 100);
  Linear(o.x.view(), o.packed, o.BiasOnly(), y.view(), {.first = 1, .last = 2});
  EXPECT_TRUE(SameBits(y.view().Cols(32, 32), all.view().Cols(32, 32)));
  const Matrix<float> zeros(7, 100);
  EXPECT_TRUE(SameBits(y.view().Cols(0, 32), zeros.view().Cols(0, 32)));
  EXPECT_TRUE(SameBits(y.view().Cols(64, 36), zeros.view().Cols(64, 36)));
  Linear(o.x.view(), o.packed, o.BiasOnly(), y.view(), {.first = 0, .last = 1});
  Linear(o.x.view(), o.packed, o.BiasOnly(), y.view(), {.first = 2, .last = 4});
  EXPECT_TRUE(SameBits(y.view(), all.view()));
}

TEST_P(LinearTest, ReadsAndWritesPartsOfWiderMatrices) {
  const Operands o(9, 30, 45);
  const auto expected = RunLinear(o.x.view(), o.packed, {.residual = o.residual.view()});
  Matrix<float> wide_x(9, 70), wide_y(9, 61);
  for (std::size_t r = 0; r < 9; ++r) {
    for (std::size_t c = 0; c < 30; ++c) wide_x.Row(r)[c + 11] = o.x.Row(r)[c];
  }
  Linear(wide_x.view().Cols(11, 30), o.packed, {.residual = o.residual.view()},
         wide_y.view().Cols(7, 45));
  EXPECT_TRUE(SameBits(wide_y.view().Cols(7, 45), expected.view()));
  EXPECT_EQ(wide_y.Row(0)[6], 0.0f);
  EXPECT_EQ(wide_y.Row(0)[52], 0.0f);
}

TEST_P(LinearTest, MayAddToItsOwnOutput) {
  for (const Activation activation : {Activation::kNone, Activation::kGelu}) {
    const Operands o(14, 50, 80);
    const auto expected =
        RunLinear(o.x.view(), o.packed, {.activation = activation, .residual = o.residual.view()});
    auto y = RandomMatrix(14, 80, 4);  // As o.residual.
    Linear(o.x.view(), o.packed, {.activation = activation, .residual = y.view()}, y.view());
    EXPECT_TRUE(SameBits(y.view(), expected.view()));
  }
}

TEST_P(LinearTest, TakesNoRows) {
  const Operands o(1, 8, 8);
  Matrix<float> y(1, 8);
  Linear(o.x.view().Rows(0, 0), o.packed, {}, y.view().Rows(0, 0));
  EXPECT_EQ(y.Row(0)[0], 0.0f);
}

INSTANTIATE_ON_ALL_CPU_PATHS(LinearTest);

TEST(PackedWeights, HoldsPanelsOf32OutputsFilledUpWithZeros) {
  const auto weight = RandomMatrix(40, 3, 1);
  const PackedWeights packed(weight.view());
  ASSERT_EQ(packed.panels(), 2u);
  ASSERT_EQ(packed.packed().size(), 2u * 3 * 32);
  EXPECT_EQ(packed.Panel(0)[2 * 32 + 5], weight.Row(5)[2]);
  EXPECT_EQ(packed.Panel(1)[1 * 32 + 7], weight.Row(39)[1]);
  EXPECT_EQ(packed.Panel(1)[1 * 32 + 8], 0.0f);
}

}  // namespace
}  // namespace merle
