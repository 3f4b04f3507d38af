#include <algorithm>
#include <cstddef>

#include "kernels/gemm.h"
#include "tensor/matrix.h"

namespace merle {

PackedWeights::PackedWeights(MatrixView<const float> weight)
    : out_features_(weight.rows()), in_features_(weight.cols()) {
  packed_ = AlignedBuffer<float>(panels() * in_features_ * kPanelCols);
  // 16 inputs at a time: a cache line of each weight row, 2 KB of the panel.
  constexpr std::size_t kBlock = 16;
  for (std::size_t panel = 0; panel < panels(); ++panel) {
    float* out = packed_.data() + panel * in_features_ * kPanelCols;
    for (std::size_t first = 0; first < in_features_; first += kBlock) {
      const std::size_t last = std::min(first + kBlock, in_features_);
      for (std::size_t c = 0; c < kPanelCols; ++c) {
        const std::size_t o = panel * kPanelCols + c;
        for (std::size_t i = first; i < last; ++i) {
          out[i * kPanelCols + c] = o < out_features_ ? weight.At(o, i) : 0.0f;
        }
      }
    }
  }
}

}  // namespace merle
