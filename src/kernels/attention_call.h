// The arguments of attention in every arithmetic, as plain numbers: code for a target must
// instantiate no shared templates.
#pragma once

#include <cstddef>

#include "kernels/attention.h"
#include "kernels/tile_split.h"
#include "tensor/matrix.h"

namespace merle {

// Columns of q, k or v: those of all heads, or of one.
struct HeadColumns {
  const float* data;
  std::size_t stride;
};

struct AttentionCall {
  HeadColumns q, k, v;
  std::size_t queries, keys, heads, head_dim;
  float scale;
  float* key_panels;
  float* value_panels;
  float* scores;
  float* out;
  std::size_t out_stride;

  std::size_t padded_keys() const {
    return (keys + kPanelColumns - 1) / kPanelColumns * kPanelColumns;
  }
};

// Checks the shapes.
AttentionCall MakeAttentionCall(MatrixView<const float> q, MatrixView<const float> k,
                                MatrixView<const float> v, std::size_t heads, float scale,
                                AttentionScratch& scratch, MatrixView<float> out);

}  // namespace merle
