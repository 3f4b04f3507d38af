// Bidirectional scaled dot-product attention for one text, all heads in one call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/matrix.h"

namespace merle {

// Memory that Attention works in, to be kept between calls: one per thread. Never shrinks.
class AttentionScratch {
 public:
  // Makes room for texts of `keys` tokens and heads of `head_dim` columns: at most
  // keys * (10 * head_dim + 72) bytes and a little.
  void Reserve(std::size_t keys, std::size_t head_dim);

  // For Attention only. Keys and values of one head as Linear's panels; scores of 12 queries. In
  // bf16: rows of keys or queries of one head; the softmax of 12 queries.
  float* keys() { return keys_.data(); }
  float* values() { return values_.data(); }
  float* scores() { return scores_.data(); }
  std::uint16_t* bf16_rows() { return bf16_rows_.data(); }
  std::uint16_t* bf16_weights() { return bf16_weights_.data(); }
  bool Fits(std::size_t keys, std::size_t head_dim) const;

 private:
  AlignedBuffer<float> keys_, values_, scores_;
  AlignedBuffer<std::uint16_t> bf16_rows_, bf16_weights_;
};

//   out[t, head] = softmax over s of (scale * q[t, head] . k[s, head]) * v[s, head]
//
//   q, out  [queries, heads * head_dim]  each head the next head_dim columns
//   k, v    [keys, heads * head_dim]     keys >= 1
//   scale   above 0, usually 1 / sqrt(head_dim)
//   scratch after Reserve(keys, head_dim) or more
//
// The views may be parts of one packed [tokens, 3 * hidden] matrix; `out` must be apart from all.
// Scores are never [queries, keys]: 12 queries are worked on at a time. To use several threads,
// give each some of the heads (Cols) or, for very long texts, of the queries (Rows): the bits of
// a query's result depend on that query and on k and v only.
// Source: Vaswani et al. 2017, section 3.2.1. Peer: torch scaled_dot_product_attention.
void Attention(MatrixView<const float> q, MatrixView<const float> k, MatrixView<const float> v,
               std::size_t heads, float scale, AttentionScratch& scratch,
               MatrixView<float> out) noexcept;

// The same with q, k, v and the exponentials rounded to bf16, and sums in float: see LinearBf16.
// Not more queries than keys.
void AttentionBf16(MatrixView<const float> q, MatrixView<const float> k, MatrixView<const float> v,
                   std::size_t heads, float scale, AttentionScratch& scratch,
                   MatrixView<float> out) noexcept;

}  // namespace merle
