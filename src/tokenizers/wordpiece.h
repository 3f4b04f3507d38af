// WordPiece: a word becomes the longest token that it begins with, then the longest continuation of
// the rest, and so on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_reader.h"
#include "tokenizers/model.h"

namespace merle {

struct WordPieceOptions {
  std::string unk_token = "[UNK]";
  std::string continuing_subword_prefix = "##";
  std::size_t max_input_chars_per_word = 100;  // A longer word is one unknown token.
};

// Source: Schuster & Nakajima 2012, "Japanese and Korean Voice Search"; peer: tokenizers'
// WordPiece. If no token fits somewhere, the whole word is one unknown token.
class WordPiece : public Model {
 public:
  // Throws kInvalidArgument if the unknown token is not in the vocabulary.
  WordPiece(Vocabulary vocabulary, const WordPieceOptions& options);
  static std::unique_ptr<Model> FromJson(const JsonValue& json);

  void Tokenize(std::string_view word, std::vector<Token>& tokens) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }

  // Appends the ids alone. Returns how many.
  std::size_t TokenizeIds(std::string_view word, std::vector<std::int32_t>& ids) const;

  std::int32_t unk_id() const { return unk_id_; }
  std::size_t max_input_chars_per_word() const { return max_input_chars_per_word_; }

 private:
  template <typename Emit>
  bool Split(std::string_view word, Emit&& emit) const;

  Vocabulary vocabulary_;
  std::int32_t unk_id_;
  std::uint32_t continuation_;  // The trie's node after the prefix, or kNone if no token has it.
  std::size_t max_input_chars_per_word_;
};

}  // namespace merle
