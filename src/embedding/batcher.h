// Cuts a list of texts into work: chunks that bound the memory, groups that keep threads busy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "embedding/tokenized_texts.h"
#include "tokenizers/tokenizer.h"

namespace merle {

// Tokens of one group. More amortises the reading of the weights, fewer keep the states in L2: for
// MiniLM 192 tokens are 1.2 MB of states, queries, keys and values.
inline constexpr std::size_t kGroupTokens = 192;

// The texts [first, last) of a TokenizedTexts: one task.
struct TextGroup {
  std::size_t first;
  std::size_t last;
};

// Divides the texts, in order, into groups of about kGroupTokens tokens, fewer where there would be
// less than some groups for each of several threads.
std::vector<TextGroup> GroupTexts(const TokenizedTexts& texts, std::size_t threads);

struct BatcherOptions {
  std::size_t max_tokens;    // Of one text.
  std::string_view prompt;   // Put before each text.
  std::size_t skip;          // TokenizedTexts::skips of each.
  std::size_t chunk_tokens;  // Of one chunk.
  bool refuse_long;          // Throw for a text with more than max_tokens rather than cut it.
  std::function<std::string(std::size_t index)> name_text;  // For errors; empty: "text 7".
};

// What it borrows must outlive it. const methods may run in several threads.
class Batcher {
 public:
  Batcher(const Tokenizer& tokenizer, BatcherOptions options)
      : tokenizer_(tokenizer), options_(std::move(options)) {}

  // What errors call text `index`.
  std::string NameOf(std::size_t index) const;

  // The end of the chunk that starts at `first`: at least one text, then as many as have, by their
  // bytes, not more than chunk_tokens tokens together.
  std::size_t ChunkEnd(std::span<const std::string_view> texts, std::size_t first) const;

  // Tokenizes texts [first, last), each behind the prompt and cut to max_tokens.
  // Throws kInvalidArgument naming the text if it is not UTF-8, has no token, or is refused.
  TokenizedTexts Tokenize(std::span<const std::string_view> texts, std::size_t first,
                          std::size_t last, ThreadPool& pool) const;

 private:
  // Appends the ids of one text; returns whether it was cut. `prompted` is scratch memory.
  bool TokenizeOne(std::span<const std::string_view> texts, std::size_t index,
                   std::string& prompted, std::vector<std::int32_t>& ids) const;

  const Tokenizer& tokenizer_;
  BatcherOptions options_;
};

}  // namespace merle
