// Token ids to hidden states: the interface of every encoder family.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "models/compute.h"
#include "tensor/matrix.h"

namespace merle {

class ThreadPool;

// Texts one after another, without padding. Borrowed memory.
struct TokenBatch {
  std::span<const std::int32_t> ids;       // [tokens]
  std::span<const std::int32_t> type_ids;  // [tokens], or empty for all zero
  std::span<const std::size_t> starts;     // [texts + 1]: text t is ids[starts[t] .. starts[t + 1])

  std::size_t texts() const { return starts.size() - 1; }
};

struct EncoderShape {
  std::size_t layers;
  std::size_t hidden_size;    // Components of a hidden state.
  std::size_t vocab_size;     // Rows of the embedding table.
  std::size_t max_positions;  // Tokens of one text at most.
  std::size_t heads;
  std::size_t intermediate_size;
};

// Makes a text's vector of its hidden states [tokens, hidden].
using StatesPooling = std::function<std::vector<float>(MatrixView<const float> hidden_states)>;

struct ModelOptions {
  Compute compute = Compute::kF32;
  // As the model is used: kAuto compares such vectors. Empty: the mean.
  StatesPooling pool = {};
  std::string pool_name = {};  // Tells poolings apart where the choice is kept.
  // The token ids that the tokenizer gives an empty text: int8 is fitted to them, too.
  std::vector<std::int32_t> special_ids = {};
  // A folder to keep the converted weights in, for the next process; empty for none. Anything in it
  // may be deleted at any time.
  std::string cache_folder = {};
};

// Sees the hidden states [tokens, hidden] after layer `layer`; 0 is the embedding layer.
using HiddenStatesVisitor =
    std::function<void(std::size_t layer, MatrixView<const float> hidden_states)>;

// Weights and forward pass of one encoder. Immutable: const methods may run in several threads.
class EncoderModel {
 public:
  virtual ~EncoderModel() = default;

  virtual const EncoderShape& shape() const = 0;
  virtual const std::string& model_type() const = 0;  // "bert", as in config.json.
  virtual std::size_t parameters() const = 0;         // Numbers in the weights that are used.
  virtual Compute compute() const = 0;                // Never kAuto.

  // Writes the last hidden states to `out` [tokens, hidden]. A text's rows are bitwise the same
  // whatever stands beside it in the batch and whatever the pool's size.
  // Throws kInvalidArgument if an id or type id is outside its table or a text is empty or longer
  // than max_positions.
  virtual void Forward(const TokenBatch& batch, ThreadPool& pool, MatrixView<float> out,
                       const HiddenStatesVisitor& visit_layer = {}) const = 0;

  // The row of the token embedding table for `id` [hidden]: the initial embedding of a token.
  // Throws kInvalidArgument if there is no such row.
  virtual std::span<const float> TokenEmbedding(std::int32_t id) const = 0;

  // Writes tanh(W h + b) of each text's first hidden state to `out` [texts, hidden], as BERT's
  // pooler does. first_states: [texts, hidden]. Returns false where the model has no pooler.
  virtual bool Pool(MatrixView<const float> first_states, MatrixView<float> out) const = 0;
};

}  // namespace merle
