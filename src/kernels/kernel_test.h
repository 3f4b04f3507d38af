// What the tests of all kernels share: one run per CPU path, random matrices, comparison of bits.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "kernels/cpu.h"
#include "tensor/matrix.h"

namespace merle {

// Runs each of its tests once on every CPU path of the machine.
class KernelTest : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override { SelectCpuPath(GetParam()); }
  void TearDown() override { SelectCpuPath(SupportedCpuPaths().front()); }
};

#define INSTANTIATE_ON_ALL_CPU_PATHS(Suite)                                         \
  INSTANTIATE_TEST_SUITE_P(CpuPaths, Suite, testing::ValuesIn(SupportedCpuPaths()), \
                           [](const auto& test) { return std::string(test.param); })

// Sizes on both sides of every vector and panel length.
inline constexpr std::size_t kTailSizes[] = {1,  2,  3,  4,  5,  7,  8,  9,   15,  16,
                                             17, 31, 32, 33, 63, 65, 96, 127, 384, 385};

inline constexpr float kFloatEps = 0x1p-24f;  // Largest relative error of one rounding.

// Normal random numbers, the same for the same seed.
inline Matrix<float> RandomMatrix(std::size_t rows, std::size_t cols, std::uint32_t seed,
                                  float deviation = 1.0f) {
  Matrix<float> matrix(rows, cols);
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  for (std::size_t r = 0; r < rows; ++r) {
    for (float& element : matrix.Row(r)) element = normal(generator);
  }
  return matrix;
}

// Equal shapes and equal bits, NaN and the sign of zero included.
inline testing::AssertionResult SameBits(MatrixView<const float> a, MatrixView<const float> b) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) {
    return testing::AssertionFailure() << "shapes differ";
  }
  for (std::size_t r = 0; r < a.rows(); ++r) {
    for (std::size_t c = 0; c < a.cols(); ++c) {
      if (std::bit_cast<std::uint32_t>(a.At(r, c)) != std::bit_cast<std::uint32_t>(b.At(r, c))) {
        return testing::AssertionFailure()
               << a.At(r, c) << " and " << b.At(r, c) << " at [" << r << ", " << c << "]";
      }
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace merle
