#include "kernels/gemm_int8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/kernel_test.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

using Int8Test = KernelTest;

// Numbers of very different sizes, as smoothing and its inverse are.
std::vector<float> Factors(std::size_t n) {
  std::vector<float> factors(n);
  for (std::size_t i = 0; i < n; ++i) factors[i] = 0.25f + 0.37f * static_cast<float>(i % 7);
  return factors;
}

struct Operands {
  Operands(std::size_t rows, std::size_t in, std::size_t out)
      : x(RandomMatrix(rows, in, 1)),
        weight(RandomMatrix(out, in, 2)),
        bias(RandomMatrix(1, out, 3)),
        residual(RandomMatrix(rows, out, 4)),
        quantized(PackedWeights(weight.view()), Factors(in)) {}

  Matrix<float> Run(MatrixView<const float> input, const Epilogue& epilogue) const {
    Int8Rows rows;
    rows.Quantize(input, quantized.input_factors());
    Matrix<float> y(input.rows(), quantized.out_features());
    LinearInt8(rows, quantized, epilogue, y.view(), {.first = 0, .last = quantized.panels()});
    return y;
  }

  Matrix<float> x, weight, bias, residual;
  Int8Weights quantized;
};

TEST_P(Int8Test, RowsAreWithinHalfAStepOfTheInput) {
  for (const std::size_t cols : kTailSizes) {
    const auto x = RandomMatrix(5, cols, 3, 4.0f);
    const std::vector<float> factors = Factors(cols);
    Int8Rows rows;
    rows.Quantize(x.view(), factors);
    for (std::size_t r = 0; r < 5; ++r) {
      for (std::size_t i = 0; i < cols; ++i) {
        const double value = rows.data()[r * rows.stride() + i] - rows.zeros()[r];
        const double wanted = double{x.Row(r)[i]} * factors[i];
        // Half a step, or a whole one at the ends, where the zero's rounding cuts.
        ASSERT_NEAR(value * rows.scales()[r], wanted, 1.001 * rows.scales()[r]);
      }
    }
  }
}

TEST_P(Int8Test, RowsHaveTheSameBitsOnEveryPath) {
  const auto x = RandomMatrix(9, 385, 3, 4.0f);
  Int8Rows here, least;
  here.Quantize(x.view(), Factors(385));
  SelectCpuPath(SupportedCpuPaths().back());
  least.Quantize(x.view(), Factors(385));
  for (std::size_t r = 0; r < 9; ++r) {
    EXPECT_EQ(here.scales()[r], least.scales()[r]);
    EXPECT_EQ(here.zeros()[r], least.zeros()[r]);
    const std::size_t first = r * here.stride();
    EXPECT_TRUE(std::equal(here.data() + first, here.data() + first + 385, least.data() + first));
  }
}

TEST_P(Int8Test, ARowOfZerosGivesTheBias) {
  const Operands o(1, 64, 40);
  const Matrix<float> zeros(1, 64);
  EXPECT_TRUE(SameBits(o.Run(zeros.view(), {.bias = o.bias.Row(0)}).view(), o.bias.view()));
}

// The error of a product of random numbers, each off by at most a step.
TEST_P(Int8Test, EqualsTheProductToTheErrorOfItsSteps) {
  for (const std::size_t in : {1, 3, 4, 63, 384}) {
    for (const std::size_t out : {1, 31, 32, 33, 100}) {
      for (const std::size_t rows : {1, 5, 13}) {
        SCOPED_TRACE(testing::Message() << rows << " x " << in << " x " << out);
        const Operands o(rows, in, out);
        const auto y = o.Run(o.x.view(), {.bias = o.bias.Row(0)});
        Int8Rows q;
        q.Quantize(o.x.view(), o.quantized.input_factors());
        for (std::size_t r = 0; r < rows; ++r) {
          for (std::size_t c = 0; c < out; ++c) {
            double sum = o.bias.Row(0)[c], tolerance = 1e-5;
            const double column_step = o.quantized.scales()[c];
            for (std::size_t i = 0; i < in; ++i) {
              const double w = o.weight.Row(c)[i] * Factors(in)[i];
              const double v = o.x.Row(r)[i] / Factors(in)[i];
              sum += v * w;
              tolerance +=
                  std::abs(w) * q.scales()[r] + (std::abs(v) + q.scales()[r]) * column_step;
            }
            ASSERT_NEAR(y.Row(r)[c], sum, tolerance) << r << ", " << c;
          }
        }
      }
    }
  }
}

TEST_P(Int8Test, IntegersAreTheSameOnEveryPath) {
  const Operands o(14, 130, 70);
  const auto here = o.Run(o.x.view(), {});
  SelectCpuPath(SupportedCpuPaths().back());
  const auto least = o.Run(o.x.view(), {});
  // Without a bias, only scaling follows: two roundings, whose order the paths share.
  EXPECT_TRUE(SameBits(here.view(), least.view()));
}

TEST_P(Int8Test, AppliesBiasThenActivationThenResidual) {
  const Operands o(14, 40, 80);
  const auto sums = o.Run(o.x.view(), {.bias = o.bias.Row(0)});
  const auto y = o.Run(
      o.x.view(),
      {.bias = o.bias.Row(0), .activation = Activation::kRelu, .residual = o.residual.view()});
  for (std::size_t r = 0; r < 14; ++r) {
    for (std::size_t c = 0; c < 80; ++c) {
      ASSERT_EQ(y.Row(r)[c], std::max(sums.Row(r)[c], 0.0f) + o.residual.Row(r)[c]);
    }
  }
}

TEST_P(Int8Test, GivesARowTheSameBitsInEveryBatch) {
  const Operands o(40, 70, 96);
  const Epilogue epilogue{.bias = o.bias.Row(0), .activation = Activation::kGelu};
  const auto all = o.Run(o.x.view(), epilogue);
  for (std::size_t rows = 1; rows <= 40; ++rows) {
    const std::size_t first = 40 - rows;
    const auto some = o.Run(o.x.view().Rows(first, rows), epilogue);
    ASSERT_TRUE(SameBits(some.view(), all.view().Rows(first, rows))) << rows << " rows";
  }
}

TEST_P(Int8Test, WritesOnlyThePanelsAskedFor) {
  const Operands o(7, 33, 100);
  const auto all = o.Run(o.x.view(), {});
  Int8Rows rows;
  rows.Quantize(o.x.view(), o.quantized.input_factors());
  Matrix<float> y(7, 100);
  LinearInt8(rows, o.quantized, {}, y.view(), {.first = 1, .last = 2});
  const Matrix<float> zeros(7, 100);
  EXPECT_TRUE(SameBits(y.view().Cols(32, 32), all.view().Cols(32, 32)));
  EXPECT_TRUE(SameBits(y.view().Cols(0, 32), zeros.view().Cols(0, 32)));
  EXPECT_TRUE(SameBits(y.view().Cols(64, 36), zeros.view().Cols(64, 36)));
}

INSTANTIATE_ON_ALL_CPU_PATHS(Int8Test);

}  // namespace
}  // namespace merle
