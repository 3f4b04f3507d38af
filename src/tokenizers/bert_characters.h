// BertCharacters: what BERT's normalizer and pre-tokenizer make of a character, by a table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/cache_entry.h"
#include "base/flat_array.h"
#include "tokenizers/bert_normalizer.h"

namespace merle {

// What one character becomes, whatever stands beside it.
struct BertCharacter {
  enum class Kind : std::uint8_t {
    kAppend,  // Goes on with the word by `bytes` bytes; by none if it is dropped.
    kAlone,   // Is a word of `bytes` bytes.
    kSpace,   // Ends the word.
    kHard,    // Something else: go through the steps.
  };
  Kind kind : 4;
  std::uint8_t bytes : 4;
  char utf8[3];
};
static_assert(sizeof(BertCharacter) == 4);

// Immutable; a flat array without pointers.
class BertCharacters {
 public:
  // One past the last character of the table: the alphabets that are not ideographs or syllables.
  static constexpr char32_t kEnd = 0x3400;

  // cache_folder: where the table is kept, for all tokenizers with these options; empty for none.
  explicit BertCharacters(const BertNormalizerOptions& options,
                          const std::string& cache_folder = {});

  // The table's place there, by all that has a say in it.
  static CacheEntry EntryOf(const BertNormalizerOptions& options, const std::string& cache_folder);

  // `c` must be below kEnd.
  BertCharacter operator[](char32_t c) const noexcept { return table_[c]; }

 private:
  FlatArray<BertCharacter> table_;
};

}  // namespace merle
