// Decoder: tokens back to text.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json_reader.h"

namespace merle {

// Immutable; may be used in several threads.
class Decoder {
 public:
  virtual ~Decoder() = default;

  // Rewrites the tokens so that the text is what they give one after another.
  virtual void Decode(std::vector<std::string>& tokens) const = 0;
};

// Joins continuations to their word and puts a blank before every other token; `cleanup` takes the
// blanks before punctuation and in contractions away, as the reference does, token by token.
class WordPieceDecoder : public Decoder {
 public:
  WordPieceDecoder(std::string prefix, bool cleanup)
      : prefix_(std::move(prefix)), cleanup_(cleanup) {}
  static std::unique_ptr<Decoder> FromJson(const JsonValue& json);

  void Decode(std::vector<std::string>& tokens) const override;

 private:
  std::string prefix_;
  bool cleanup_;
};

// One after another.
class DecoderSequence : public Decoder {
 public:
  explicit DecoderSequence(std::vector<std::unique_ptr<Decoder>> steps)
      : steps_(std::move(steps)) {}
  static std::unique_ptr<Decoder> FromJson(const JsonValue& json);

  void Decode(std::vector<std::string>& tokens) const override;

 private:
  std::vector<std::unique_ptr<Decoder>> steps_;
};

}  // namespace merle
