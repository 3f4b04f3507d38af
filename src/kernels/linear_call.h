// What the matrix products of all arithmetics have in common, as plain numbers: code for a target
// must instantiate no shared templates.
#pragma once

#include <cstddef>

#include "kernels/activation.h"
#include "kernels/gemm.h"
#include "tensor/matrix.h"

namespace merle {

struct LinearCall {
  std::size_t rows;
  const float* bias;  // Or null.
  Activation activation;
  const float* residual;  // Or null.
  std::size_t residual_stride;
  float* y;
  std::size_t y_stride, cols;
  std::size_t first_panel, last_panel;
};

// Checks the shapes of a product's output and of what the epilogue brings.
LinearCall MakeLinearCall(const Epilogue& epilogue, MatrixView<float> y, PanelRange panels);

}  // namespace merle
