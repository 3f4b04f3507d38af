// The small normalizers of tokenizer.json, and the sequence of several.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json_reader.h"
#include "tokenizers/normalizer.h"
#include "tokenizers/unicode_class.h"

namespace merle {

// Character by character, so without a rule for the final sigma.
class Lowercase : public Normalizer {
 public:
  static std::unique_ptr<Normalizer> FromJson(const JsonValue& json);
  void Normalize(AlignedText& text) const override;
};

// Drops marks; decomposes nothing.
class StripAccents : public Normalizer {
 public:
  static std::unique_ptr<Normalizer> FromJson(const JsonValue& json);
  void Normalize(AlignedText& text) const override;
};

enum class Recompose { kNo, kYes };

// NFD, NFKD, NFC, NFKC.
class NormalizationForm : public Normalizer {
 public:
  NormalizationForm(Decomposition decomposition, Recompose recompose)
      : decomposition_(decomposition), recompose_(recompose) {}
  void Normalize(AlignedText& text) const override;

 private:
  Decomposition decomposition_;
  Recompose recompose_;
};

template <Decomposition decomposition, Recompose recompose>
std::unique_ptr<Normalizer> MakeNormalizationForm(const JsonValue&) {
  return std::make_unique<NormalizationForm>(decomposition, recompose);
}

// Drops white space at the ends.
class Strip : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  static std::unique_ptr<Normalizer> FromJson(const JsonValue& json);
  void Normalize(AlignedText& text) const override;

 private:
  bool left_;
  bool right_;
};

// Replaces every occurrence of a string.
class Replace : public Normalizer {
 public:
  // `pattern` must not be empty.
  Replace(std::string pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  static std::unique_ptr<Normalizer> FromJson(const JsonValue& json);
  void Normalize(AlignedText& text) const override;

 private:
  std::string pattern_;
  std::string content_;
};

// Puts a string before a text that is not empty.
class Prepend : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  static std::unique_ptr<Normalizer> FromJson(const JsonValue& json);
  void Normalize(AlignedText& text) const override;

 private:
  std::string prefix_;
};

// One after another.
class NormalizerSequence : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<std::unique_ptr<Normalizer>> steps)
      : steps_(std::move(steps)) {}
  static std::unique_ptr<Normalizer> FromJson(const JsonValue& json);
  void Normalize(AlignedText& text) const override;

  const std::vector<std::unique_ptr<Normalizer>>& steps() const { return steps_; }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

}  // namespace merle
