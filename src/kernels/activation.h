// Activation functions: what a feed-forward layer applies to each element.
#pragma once

#include <optional>
#include <string_view>

#include "tensor/matrix.h"

namespace merle {

// Largest errors on every path, against the exact value (vector_math-inl.h, activation_test.cc).
enum class Activation {
  kNone,      // x
  kGelu,      // x * Phi(x), by erf; absolute error 3e-7 * max(1, |x|)
  kGeluTanh,  // x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))); the same error
  kRelu,      // max(x, 0); exact
  kSilu,      // x / (1 + exp(-x)), also called swish; 4 ulp
  kTanh,      // tanh(x); 3 ulp
};

// The activation that Hugging Face's `hidden_act` names: "gelu", "gelu_new", "gelu_fast",
// "gelu_pytorch_tanh", "relu", "silu", "swish", "tanh", "linear". Nothing for any other name.
std::optional<Activation> ParseActivation(std::string_view name);

// Applies `activation` to every element of `x`, in place. NaN stays NaN.
void Activate(Activation activation, MatrixView<float> x) noexcept;

}  // namespace merle
