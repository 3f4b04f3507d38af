// Token ids to try a model on: what quantization is fitted to, and what it is judged by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/encoder_model.h"
#include "tensor/matrix.h"

namespace merle {

// Texts of random tokens, between those that the tokenizer puts around a text, and short ones, down
// to none: there the special tokens have their largest states. They need no data, and work as well
// as real texts: all-MiniLM-L6-v2 in int8 has the same mean cosine to float on Wikipedia, 0.9994,
// whether fitted to them or to Wikipedia. Always the same for the same arguments.
struct CalibrationTexts {
  // special_ids: those of the empty text, or none.
  CalibrationTexts(const EncoderShape& shape, std::span<const std::int32_t> special_ids);
  TokenBatch batch() const { return {.ids = ids, .type_ids = {}, .starts = starts}; }

  std::vector<std::int32_t> ids;
  std::vector<std::size_t> starts;
};

// The vector of each text, [texts, any]: `pool` of its hidden states, or their sum if that is
// empty. states: [tokens, hidden].
Matrix<float> PoolTexts(const TokenBatch& batch, MatrixView<const float> states,
                        const StatesPooling& pool = {});

// How near the vectors of the same texts are, row by row.
struct Cosines {
  double mean;
  double worst;
};
Cosines CompareRows(MatrixView<const float> a, MatrixView<const float> b);

}  // namespace merle
