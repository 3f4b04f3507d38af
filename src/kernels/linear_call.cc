#include "kernels/linear_call.h"

#include "base/assert.h"
#include "kernels/gemm.h"
#include "tensor/matrix.h"

namespace merle {

LinearCall MakeLinearCall(const Epilogue& epilogue, MatrixView<float> y, PanelRange panels) {
  MERLE_ASSERT(epilogue.bias.empty() || epilogue.bias.size() == y.cols());
  MERLE_ASSERT(epilogue.residual.data() == nullptr ||
               (epilogue.residual.rows() == y.rows() && epilogue.residual.cols() == y.cols()));
  return {.rows = y.rows(),
          .bias = epilogue.bias.empty() ? nullptr : epilogue.bias.data(),
          .activation = epilogue.activation,
          .residual = epilogue.residual.data(),
          .residual_stride = epilogue.residual.stride(),
          .y = y.data(),
          .y_stride = y.stride(),
          .cols = y.cols(),
          .first_panel = panels.first,
          .last_panel = panels.last};
}

}  // namespace merle
