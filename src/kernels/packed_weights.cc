#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/assert.h"
#include "kernels/gemm.h"
#include "tensor/matrix.h"

namespace merle {

std::size_t PackedWeights::PackedSize(std::size_t out_features, std::size_t in_features) {
  return (out_features + kPanelCols - 1) / kPanelCols * kPanelCols * in_features;
}

PackedWeights PackedWeights::View(std::span<const float> packed, std::size_t out_features,
                                  std::size_t in_features) {
  MERLE_ASSERT(packed.size() == PackedSize(out_features, in_features));
  MERLE_ASSERT(reinterpret_cast<std::uintptr_t>(packed.data()) % 64 == 0);
  PackedWeights weights;
  weights.data_ = packed.data();
  weights.out_features_ = out_features;
  weights.in_features_ = in_features;
  return weights;
}

PackedWeights::PackedWeights(MatrixView<const float> weight)
    : owned_(PackedSize(weight.rows(), weight.cols())),
      data_(owned_.data()),
      out_features_(weight.rows()),
      in_features_(weight.cols()) {
  // 16 inputs at a time: a cache line of each weight row, 2 KB of the panel.
  constexpr std::size_t kBlock = 16;
  for (std::size_t panel = 0; panel < panels(); ++panel) {
    float* out = owned_.data() + panel * in_features_ * kPanelCols;
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
