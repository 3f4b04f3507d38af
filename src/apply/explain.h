// Looks inside an embedding: the tokens, their table rows, what each layer does, what is pooled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embedding/embedder.h"
#include "tensor/matrix.h"
#include "tokenizers/tokenizer.h"

namespace merle {

struct ExplainedToken {
  std::string token;  // As the vocabulary has it: "##nip".
  std::int32_t id;
  Offset offset;      // In characters of Explanation::text.
  std::string piece;  // That part of the text; empty for the special tokens.
  bool special;       // Added by the template: [CLS], [SEP].
  // The first numbers of its row in the token embedding table.
  std::vector<float> table_row;
  // Per layer from 1: cosine of its hidden state after the layer to that before it (layer 0 is the
  // embedding layer). Near 1: the layer hardly moved it.
  std::vector<double> layer_cosines;  // [layers]
  // Share of the pooling that takes this token; all shares sum to 1. Equal for mean pooling.
  double pooling_share;
  // Part of the pooled direction that comes from this token; all contributions sum to 1, and one
  // that pulls the other way is negative. With h the token's last hidden state and
  // p = sum over tokens of share * h:  contribution = share * dot(h, p) / dot(p, p).
  double contribution;
};

struct Explanation {
  std::string text;        // What was tokenized: the prompt and the text.
  std::size_t cut_tokens;  // Tokens beyond the model's limit, left out.
  std::vector<ExplainedToken> tokens;
  std::vector<float> vector;  // [dim] What Embed returns for the text.
};

struct ExplainOptions {
  EmbedOptions embed;             // on_long and prompt count, as in Embed.
  std::size_t table_numbers = 5;  // Numbers of each table row that are kept.
};

// Runs `text` through the model once with every layer in view, and once through Embed.
// Throws what Embed throws.
Explanation Explain(const Embedder& embedder, std::string_view text,
                    const ExplainOptions& options = {});

// The contributions as defined above. shares: [tokens]; hidden_states: [tokens, hidden]. Where the
// shares cancel the states out (p is 0), the shares themselves. Throws kInvalidArgument if there
// are more of one than of the other.
std::vector<double> PooledContributions(std::span<const float> shares,
                                        MatrixView<const float> hidden_states);

}  // namespace merle
