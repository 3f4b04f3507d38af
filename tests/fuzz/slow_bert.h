// BERT's tokenization written as its rules are told, one step after another over whole texts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/bert_normalizer.h"
#include "tokenizers/tokenizer.h"

namespace merle::fuzz {

// Source: BasicTokenizer and WordpieceTokenizer of the BERT paper's code (Devlin et al. 2019), with
// special tokens found in the raw text first, as the Hugging Face package `tokenizers` does. Shares
// with the library the properties of single characters, which the golden tests pin, and nothing
// else.
class SlowBert {
 public:
  // Takes the vocabulary from `tokenizer`; `special` tokens are never cut.
  SlowBert(const Tokenizer& tokenizer, const BertNormalizerOptions& options,
           const std::vector<std::string>& special);

  // The ids of well-formed `text`, without those of the template.
  std::vector<std::int32_t> Encode(std::string_view text) const;

 private:
  void EncodePlain(const std::u32string& text, std::vector<std::int32_t>& ids) const;
  std::u32string Normalize(const std::u32string& text) const;
  void EncodeWord(const std::u32string& word, std::vector<std::int32_t>& ids) const;

  BertNormalizerOptions options_;
  std::vector<std::u32string> special_;
  std::map<std::u32string, std::int32_t> vocabulary_;
};

std::u32string Utf32(std::string_view text);

}  // namespace merle::fuzz
