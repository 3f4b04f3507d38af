// How many tokens of one text, or of each of a pair, are kept.
#pragma once

#include <cstddef>
#include <optional>

#include "tokenizers/tokenizer.h"

namespace merle {

struct KeptTokens {
  std::size_t first;
  std::size_t second;  // 0 for a single text.
};

// first, second   tokens of the texts; second is absent for a single text
// most            tokens that may be kept of both together, special ones not counted
// Throws kInvalidArgument if the strategy names a text that is not there or can't cut so much that
// something of it stays. With most = 0 nothing is kept, whatever the strategy.
// Peer: truncate_encodings of tokenizers.
KeptTokens Truncate(std::size_t first, std::optional<std::size_t> second, std::size_t most,
                    Truncation strategy);

}  // namespace merle
