#include "kernels/gemm_bf16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/kernel_test.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

using Bf16Test = KernelTest;

float RoundedToBf16(float x) {
  Bf16Rows rows;
  rows.Round({&x, 1, 1});
  return std::bit_cast<float>(std::uint32_t{rows.data()[0]} << 16);
}

struct Operands {
  Operands(std::size_t rows, std::size_t in, std::size_t out)
      : x(RandomMatrix(rows, in, 1)),
        weight(RandomMatrix(out, in, 2)),
        bias(RandomMatrix(1, out, 3)),
        rounded(PackedWeights(weight.view())) {}

  Matrix<float> Run(MatrixView<const float> input, const Epilogue& epilogue) const {
    Bf16Rows rows;
    rows.Round(input);
    Matrix<float> y(input.rows(), rounded.out_features());
    LinearBf16(rows, rounded, epilogue, y.view(), {.first = 0, .last = rounded.panels()});
    return y;
  }

  Matrix<float> x, weight, bias;
  Bf16Weights rounded;
};

TEST_P(Bf16Test, RoundsToTheNearestTiesToEven) {
  struct Case {
    float x, rounded;
  };
  constexpr Case kCases[] = {{1.0f, 1.0f},
                             {1.0f + 0x1p-8f, 1.0f},            // A tie: 1 is even.
                             {1.0f + 0x3p-8f, 1.0f + 0x1p-6f},  // A tie: up to even.
                             {1.0f + 0x1.1p-8f, 1.0f + 0x1p-7f},
                             {-1.0f - 0x1.1p-8f, -1.0f - 0x1p-7f},
                             {0x1.fffffep127f, INFINITY},
                             {INFINITY, INFINITY},
                             {-0.0f, -0.0f}};
  for (const Case& c : kCases) EXPECT_EQ(RoundedToBf16(c.x), c.rounded) << c.x;
  EXPECT_TRUE(std::isnan(RoundedToBf16(NAN)));
}

TEST_P(Bf16Test, EqualsTheProductOfRoundedNumbers) {
  for (const std::size_t in : {1, 2, 3, 64, 385}) {
    for (const std::size_t out : {1, 31, 32, 33, 100}) {
      for (const std::size_t rows : {1, 5, 13}) {
        SCOPED_TRACE(testing::Message() << rows << " x " << in << " x " << out);
        const Operands o(rows, in, out);
        const auto y = o.Run(o.x.view(), {.bias = o.bias.Row(0)});
        for (std::size_t r = 0; r < rows; ++r) {
          for (std::size_t c = 0; c < out; ++c) {
            double sum = o.bias.Row(0)[c], magnitude = std::abs(sum);
            for (std::size_t i = 0; i < in; ++i) {
              const double product =
                  double{RoundedToBf16(o.x.Row(r)[i])} * RoundedToBf16(o.weight.Row(c)[i]);
              sum += product;
              magnitude += std::abs(product);
            }
            const double roundings = 2.0 * static_cast<double>(in) + 3;
            ASSERT_NEAR(y.Row(r)[c], sum, roundings * kFloatEps * magnitude) << r << ", " << c;
          }
        }
      }
    }
  }
}

TEST_P(Bf16Test, GivesARowTheSameBitsInEveryBatch) {
  const Operands o(40, 71, 96);
  const Epilogue epilogue{.bias = o.bias.Row(0), .activation = Activation::kGelu};
  const auto all = o.Run(o.x.view(), epilogue);
  for (std::size_t rows = 1; rows <= 40; ++rows) {
    const std::size_t first = 40 - rows;
    const auto some = o.Run(o.x.view().Rows(first, rows), epilogue);
    ASSERT_TRUE(SameBits(some.view(), all.view().Rows(first, rows))) << rows << " rows";
  }
}

INSTANTIATE_ON_ALL_CPU_PATHS(Bf16Test);

}  // namespace
}  // namespace merle
