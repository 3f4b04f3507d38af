// What loading and embedding did, and where the time went: for `merle -v`, for the metrics of a
// service.
#pragma once

#include <cstddef>

namespace merle {

// What calls of Embedder::Embed did; each adds to it. Times are seconds on the clock: what threads
// do side by side counts once, so `seconds` is what the caller waited. Measured once a group of
// some 200 tokens, which costs nothing that can be noticed.
struct EmbedStats {
  std::size_t texts = 0;
  std::size_t tokens = 0;     // Through the model, with special tokens and prompts.
  std::size_t cut_texts = 0;  // Texts that lost tokens to the length limit.

  double seconds = 0;  // From the first line of Embed to its last.
  // Of these; the rest went into the division of the texts into groups, and into on_progress.
  // While some threads are at the second stage and some at the third, the time is divided in the
  // proportion of their work.
  double tokenize_seconds = 0;  // Texts to token ids.
  double forward_seconds = 0;   // Token ids to hidden states.
  double pool_seconds = 0;      // Hidden states to vectors: pooling, modules, normalization.
};

// Seconds on the clock that Embedder::Load took.
struct LoadStats {
  double seconds = 0;            // All of it.
  double weights_seconds = 0;    // Of these: to map the weights and bring them into their order.
  double tokenizer_seconds = 0;  // To read and prepare tokenizer.json.
};

}  // namespace merle
