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
#include "tokenizers/trie.h"

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
  // known: where given, the vocabulary; else it is that of `json`.
  static std::unique_ptr<Model> FromJson(const JsonValue& json, const Vocabulary* known = nullptr);

  void Tokenize(std::string_view word, std::vector<Token>& tokens) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }

  // Calls emit(id, begin, end) for each piece of `word`, bytes [begin, end). Returns false where
  // nothing fits: then the word is one unknown token, and the pieces so far don't count.
  template <typename Emit>
  bool Split(std::string_view word, Emit&& emit) const;

  std::int32_t unk_id() const { return unk_id_; }
  std::size_t max_input_chars_per_word() const { return max_input_chars_per_word_; }

 private:
  bool IsTooLong(std::string_view word) const noexcept;

  Vocabulary vocabulary_;
  std::int32_t unk_id_;
  std::uint32_t continuation_;  // The trie's node after the prefix, or kNone if no token has it.
  std::size_t max_input_chars_per_word_;
};

template <typename Emit>
bool WordPiece::Split(std::string_view word, Emit&& emit) const {
  if (IsTooLong(word)) return false;
  std::uint32_t start = Trie::kRoot;
  for (std::size_t done = 0; done < word.size(); start = continuation_) {
    if (start == Trie::kNone) return false;
    const Trie::Match match = vocabulary_.trie().Longest(start, word.substr(done));
    if (match.value < 0) return false;
    emit(match.value, done, done + match.bytes);
    done += match.bytes;
  }
  return true;
}

}  // namespace merle
