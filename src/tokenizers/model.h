// Model: the step that cuts a word into tokens of the vocabulary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizers/vocabulary.h"

namespace merle {

// Bytes [begin, end) of the word, end exclusive.
struct Token {
  std::int32_t id;
  std::size_t begin;
  std::size_t end;
};

// Immutable; may be used in several threads.
class Model {
 public:
  virtual ~Model() = default;

  // Appends the tokens of `word`, which is well-formed UTF-8, in time linear in its length.
  virtual void Tokenize(std::string_view word, std::vector<Token>& tokens) const = 0;

  virtual const Vocabulary& vocabulary() const = 0;
};

}  // namespace merle
