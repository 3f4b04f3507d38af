// BertFastPath: the whole BERT pipeline in one pass over the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/added_tokens.h"
#include "tokenizers/bert_characters.h"
#include "tokenizers/bert_normalizer.h"
#include "tokenizers/pre_tokenizer.h"
#include "tokenizers/short_words.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/trie.h"
#include "tokenizers/wordpiece.h"

namespace merle {

// Gives what the steps give one after another: AddedTokens, BertNormalizer, BertPreTokenizer,
// WordPiece. A word of ASCII letters is found, lower-cased and looked up in registers, 16 bytes at
// once; other characters go through a table; nothing is allocated for a word. Immutable; may be
// used in several threads.
class BertFastPath {
 public:
  // Null unless the steps are exactly those, and the added tokens need no white space, no word
  // borders and no normalizing. Borrows the model, which must outlive it. cache_folder: as that of
  // TokenizerOptions.
  static std::unique_ptr<const BertFastPath> Recognize(const Normalizer* normalizer,
                                                       const PreTokenizer* pre_tokenizer,
                                                       const Model& model,
                                                       const AddedTokens& added_tokens,
                                                       const std::string& cache_folder = {});

  struct Limit {
    std::size_t tokens;       // Most that are appended: the first ones.
    bool stop_early = false;  // Stop reading once it is known that there are more.
  };
  // Appends the ids of well-formed `text`. Returns how many tokens the text has, or, where it
  // stopped early, some number above limit.tokens.
  std::size_t Encode(std::string_view text, Limit limit, std::vector<std::int32_t>& ids) const;

  // Appends all ids, and where each token stands in the text. Returns false, with anything
  // appended, for the rare texts whose offsets need all steps: those with marks that have a place
  // in the canonical order and are not dropped.
  bool Encode(std::string_view text, std::vector<std::int32_t>& ids,
              std::vector<Offset>& offsets) const;

 private:
  template <bool kOffsets>
  class Run;
  // What the pipeline does with an ASCII character.
  enum class Action : std::uint8_t { kDrop, kSpace, kPunctuation, kWord };

  BertFastPath(const BertNormalizerOptions& options, const WordPiece& model,
               const AddedTokens& added_tokens, const std::string& cache_folder);
  Action ActionOf(char c) const;

  BertNormalizerOptions options_;
  const WordPiece& model_;
  BertCharacters characters_;
  ShortWords short_words_;        // The model's.
  Trie added_;                    // Values are ids.
  bool starts_added_[256] = {};   // First bytes of added tokens.
  bool words_in_blocks_ = true;   // No added token starts with a letter or digit.
  bool blanks_end_words_ = true;  // Nor with a blank.
  Action actions_[128];
  bool ends_word_[256] = {};            // White space and punctuation of ASCII.
  std::int32_t punctuation_[128] = {};  // The id of an ASCII punctuation character.
};

}  // namespace merle
