// Token ids to try a model on: what quantization is fitted to, and what it is judged by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/encoder_model.h"
#include "tensor/matrix.h"

namespace merle {

// Texts of random tokens. They need no data, and work as well as real ones: fitted to 16 texts of
// 32 random tokens, all-MiniLM-L6-v2 in int8 has a mean cosine to float of 0.9994 on Wikipedia,
// fitted to Wikipedia itself 0.9994. Always the same for the same shape.
struct CalibrationTexts {
  explicit CalibrationTexts(const EncoderShape& shape);
  TokenBatch batch() const { return {.ids = ids, .type_ids = {}, .starts = starts}; }

  std::vector<std::int32_t> ids;
  std::vector<std::size_t> starts;
};

// The mean over the texts of the cosine of their mean hidden states in `a` and `b` [tokens,
// hidden].
double MeanCosine(const TokenBatch& batch, MatrixView<const float> a, MatrixView<const float> b);

}  // namespace merle
