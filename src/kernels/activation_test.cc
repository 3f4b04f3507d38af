#include "kernels/activation.h"

#include <gtest/gtest.h>
#include <math.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "kernels/kernel_test.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

using ActivationTest = KernelTest;

constexpr float kInf = std::numeric_limits<float>::infinity();

double Gelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }
double GeluTanh(double x) {
  // x / 2 (1 + tanh u) without the cancellation for u << 0.
  const double u = std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x);
  return x / (1.0 + std::exp(-2.0 * u));
}
double Silu(double x) { return x / (1.0 + std::exp(-x)); }

// Distance from a float to its successor, in the binade of `x`.
double Ulp(double x) {
  const auto magnitude = static_cast<float>(std::abs(x));
  return std::nextafter(magnitude, kInf) - double{magnitude};
}

// Two million floats: all over [-100, 100], denser towards 0.
std::vector<float> Inputs() {
  std::vector<float> inputs;
  for (int i = -1000000; i <= 1000000; ++i) {
    const double t = i * 1e-6;
    inputs.push_back(static_cast<float>(100 * t * t * t));
  }
  return inputs;
}

// Applies `activation` to all inputs at once, and returns the largest of error(exact, got, x).
template <class Error>
double LargestError(Activation activation, double (*exact)(double), Error error) {
  const std::vector<float> inputs = Inputs();
  std::vector<float> outputs = inputs;
  Activate(activation, {outputs.data(), 1, outputs.size()});
  double largest = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    largest = std::fmax(largest, error(exact(inputs[i]), double{outputs[i]}, double{inputs[i]}));
  }
  return largest;
}

double ErrorAgainstInput(double exact, double got, double x) {
  return std::abs(got - exact) / std::max(1.0, std::abs(x));
}
double ErrorInUlps(double exact, double got, double /*x*/) {
  return std::abs(exact) < 1e-36 ? 0 : std::abs(got - exact) / Ulp(exact);
}

TEST_P(ActivationTest, KeepsToTheStatedErrors) {
  EXPECT_LT(LargestError(Activation::kGelu, Gelu, ErrorAgainstInput), 2e-7);
  EXPECT_LT(LargestError(Activation::kGeluTanh, GeluTanh, ErrorAgainstInput), 3e-7);
  EXPECT_LT(LargestError(Activation::kSilu, Silu, ErrorInUlps), 4);
  EXPECT_LT(LargestError(Activation::kTanh, std::tanh, ErrorInUlps), 3);
}

float Apply(Activation activation, float x) {
  Activate(activation, {&x, 1, 1});
  return x;
}

TEST_P(ActivationTest, KeepsNan) {
  for (const Activation a : {Activation::kNone, Activation::kGelu, Activation::kGeluTanh,
                             Activation::kRelu, Activation::kSilu, Activation::kTanh}) {
    EXPECT_TRUE(std::isnan(Apply(a, NAN)));
    EXPECT_TRUE(std::isnan(Apply(a, -NAN)));
    EXPECT_TRUE(std::isnan(Apply(a, std::nanf("0x1ff"))));  // Payload in the low bits.
  }
}

TEST_P(ActivationTest, GoesToItsLimits) {
  for (const Activation a :
       {Activation::kGelu, Activation::kGeluTanh, Activation::kRelu, Activation::kSilu}) {
    EXPECT_EQ(Apply(a, kInf), kInf);
    EXPECT_EQ(Apply(a, 1e30f), 1e30f);
    EXPECT_NEAR(Apply(a, -1e30f), 0.0f, 1e-20f);
    EXPECT_EQ(Apply(a, 0.0f), 0.0f);
  }
  EXPECT_EQ(Apply(Activation::kTanh, kInf), 1.0f);
  EXPECT_EQ(Apply(Activation::kTanh, -kInf), -1.0f);
  EXPECT_EQ(Apply(Activation::kTanh, -0.0f), 0.0f);
  EXPECT_EQ(Apply(Activation::kRelu, -kInf), 0.0f);
}

TEST_P(ActivationTest, TreatsEveryElementAlikeAndNoOther) {
  for (const std::size_t cols : kTailSizes) {
    const auto x = RandomMatrix(3, cols, 1);
    Matrix<float> wide(3, cols + 10);
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < cols; ++c) wide.Row(r)[c + 5] = x.Row(r)[c];
    }
    Activate(Activation::kGelu, wide.view().Cols(5, cols));
    for (std::size_t r = 0; r < 3; ++r) {
      EXPECT_EQ(wide.Row(r)[4], 0.0f);
      EXPECT_EQ(wide.Row(r)[cols + 5], 0.0f);
      for (std::size_t c = 0; c < cols; ++c) {
        ASSERT_EQ(wide.Row(r)[c + 5], Apply(Activation::kGelu, x.Row(r)[c]));
      }
    }
  }
}

INSTANTIATE_ON_ALL_CPU_PATHS(ActivationTest);

TEST(ParseActivation, KnowsHuggingFaceNames) {
  EXPECT_EQ(ParseActivation("gelu"), Activation::kGelu);
  EXPECT_EQ(ParseActivation("gelu_new"), Activation::kGeluTanh);
  EXPECT_EQ(ParseActivation("gelu_pytorch_tanh"), Activation::kGeluTanh);
  EXPECT_EQ(ParseActivation("relu"), Activation::kRelu);
  EXPECT_EQ(ParseActivation("silu"), Activation::kSilu);
  EXPECT_EQ(ParseActivation("swish"), Activation::kSilu);
  EXPECT_EQ(ParseActivation("tanh"), Activation::kTanh);
  EXPECT_EQ(ParseActivation("GELU"), std::nullopt);
  EXPECT_EQ(ParseActivation(""), std::nullopt);
}

}  // namespace
}  // namespace merle
