// The pre-tokenizers of tokenizer.json.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/json_reader.h"
#include "tokenizers/pre_tokenizer.h"

namespace merle {

// Cuts at white space, which it drops, and around every punctuation character.
class BertPreTokenizer : public PreTokenizer {
 public:
  static std::unique_ptr<PreTokenizer> FromJson(const JsonValue& json);
  void Split(PreTokens& tokens) const override;
};

// Cuts at white space, which it drops.
class WhitespaceSplit : public PreTokenizer {
 public:
  static std::unique_ptr<PreTokenizer> FromJson(const JsonValue& json);
  void Split(PreTokens& tokens) const override;
};

// Runs of word characters, and runs of what is neither that nor white space: \w+|[^\w\s]+
class Whitespace : public PreTokenizer {
 public:
  static std::unique_ptr<PreTokenizer> FromJson(const JsonValue& json);
  void Split(PreTokens& tokens) const override;
};

// One after another.
class PreTokenizerSequence : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(std::vector<std::unique_ptr<PreTokenizer>> steps)
      : steps_(std::move(steps)) {}
  static std::unique_ptr<PreTokenizer> FromJson(const JsonValue& json);
  void Split(PreTokens& tokens) const override;

 private:
  std::vector<std::unique_ptr<PreTokenizer>> steps_;
};

}  // namespace merle
