#include "tokenizers/wordpiece.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "tokenizers/model.h"
#include "tokenizers/vocabulary.h"

namespace merle {

WordPiece::WordPiece(Vocabulary vocabulary, const WordPieceOptions& options)
    : vocabulary_(std::move(vocabulary)),
      continuation_(vocabulary_.trie().Walk(options.continuing_subword_prefix)),
      max_input_chars_per_word_(options.max_input_chars_per_word) {
  const auto unk = vocabulary_.IdOf(options.unk_token);
  if (!unk) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("the unknown token {} is not in the vocabulary", Quoted(options.unk_token)));
  }
  unk_id_ = *unk;
}

std::unique_ptr<Model> WordPiece::FromJson(const JsonValue& json, const Vocabulary* known) {
  WordPieceOptions options;
  options.unk_token = json.At("unk_token").AsString();
  options.continuing_subword_prefix = json.At("continuing_subword_prefix").AsString();
  options.max_input_chars_per_word =
      static_cast<std::size_t>(json.At("max_input_chars_per_word").AsInteger(0, 1 << 30));
  if (known != nullptr) return std::make_unique<WordPiece>(*known, options);
  std::vector<Vocabulary::Token> tokens;
  const JsonValue vocab = json.At("vocab");
  if (vocab.Size() > Vocabulary::kMostTokens) {
    vocab.Fail(Format("has more than {} tokens", Vocabulary::kMostTokens));
  }
  vocab.ForEachMember([&](std::string_view token, const JsonValue& id) {
    const auto value = id.AsInteger(0, Vocabulary::kMostIds - 1);
    tokens.push_back({std::string(token), static_cast<std::int32_t>(value)});
  });
  try {
    return std::make_unique<WordPiece>(Vocabulary(tokens), options);
  } catch (const Error& error) {
    vocab.Fail(Format("is broken: {}", error.what()));
  }
}

bool WordPiece::IsTooLong(std::string_view word) const noexcept {
  // A character has at least one byte, so most words need no counting.
  return word.size() > max_input_chars_per_word_ &&
         CountCodePoints(word) > max_input_chars_per_word_;
}

void WordPiece::Tokenize(std::string_view word, std::vector<Token>& tokens) const {
  const std::size_t before = tokens.size();
  const bool known = Split(word, [&](std::int32_t id, std::size_t begin, std::size_t end) {
    tokens.push_back({id, begin, end});
  });
  if (known) return;
  tokens.resize(before);
  tokens.push_back({unk_id_, 0, word.size()});
}

}  // namespace merle
