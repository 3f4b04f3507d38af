// What a Tokenizer is made of, and the reading of it from the files of a folder.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/folder.h"
#include "tokenizers/added_tokens.h"
#include "tokenizers/bert_fast_path.h"
#include "tokenizers/decoder.h"
#include "tokenizers/model.h"
#include "tokenizers/normalizer.h"
#include "tokenizers/post_processor.h"
#include "tokenizers/pre_tokenizer.h"
#include "tokenizers/tokenizer.h"

namespace merle {

struct Tokenizer::Parts {
  std::unique_ptr<Normalizer> normalizer;       // Null: none.
  std::unique_ptr<PreTokenizer> pre_tokenizer;  // Null: the text is one word.
  std::unique_ptr<Model> model;
  AddedTokens added_tokens;
  PostProcessor post_processor;
  std::unique_ptr<Decoder> decoder;  // Null: tokens are joined by blanks.
  SpecialTokens special_tokens;
  std::optional<std::size_t> model_max_length;
  Side truncation_side = Side::kRight;
  std::unique_ptr<const BertFastPath> fast_path;  // Null: the steps one after another.

  // As Tokenizer::Load.
  static std::unique_ptr<const Parts> Read(const Folder& folder, const TokenizerOptions& options);

  std::optional<std::int32_t> IdOf(std::string_view token) const;
  std::size_t IdLimit() const;
};

}  // namespace merle
