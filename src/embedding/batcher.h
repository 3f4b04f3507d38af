// Cuts a list of texts into work: chunks that bound the memory, groups that keep threads busy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "tokenizers/tokenizer.h"

namespace merle {

// Token ids of some texts, one after another, without padding.
struct TokenizedTexts {
  std::vector<std::int32_t> ids;    // [tokens]
  std::vector<std::size_t> starts;  // [texts + 1]
  std::size_t cut_texts = 0;        // Texts that lost tokens to the length limit.
};

// The texts [first, last) of a TokenizedTexts: one task.
struct TextGroup {
  std::size_t first;
  std::size_t last;
};

// What it borrows must outlive it. const methods may run in several threads.
class Batcher {
 public:
  Batcher(const Tokenizer& tokenizer, std::size_t max_tokens, std::string_view prompt,
          std::size_t chunk_tokens)
      : tokenizer_(tokenizer),
        max_tokens_(max_tokens),
        prompt_(prompt),
        chunk_tokens_(chunk_tokens) {}

  // The end of the chunk that starts at `first`: at least one text, then as many as can't have
  // more than chunk_tokens tokens together.
  std::size_t ChunkEnd(std::span<const std::string_view> texts, std::size_t first) const;

  // Tokenizes texts [first, last), each behind the prompt and cut to max_tokens.
  // Throws kInvalidArgument with a text's index in `texts` if it is not UTF-8 or, with
  // `refuse_long`, too long.
  TokenizedTexts Tokenize(std::span<const std::string_view> texts, std::size_t first,
                          std::size_t last, bool refuse_long, ThreadPool& pool) const;

  // Divides the texts, in order, into groups of about as many tokens as one thread runs fastest,
  // fewer where there would be less than some groups for each of `threads`.
  std::vector<TextGroup> Group(const TokenizedTexts& texts, std::size_t threads) const;

 private:
  // Appends the ids of one text; returns whether it was cut.
  bool TokenizeOne(std::span<const std::string_view> texts, std::size_t index, bool refuse_long,
                   std::vector<std::int32_t>& ids) const;

  const Tokenizer& tokenizer_;
  std::size_t max_tokens_;
  std::string_view prompt_;
  std::size_t chunk_tokens_;
};

}  // namespace merle
