// BERT's normalizer: cleans the text, isolates ideographs, strips accents, lower-cases.
#pragma once

#include <memory>

#include "base/json_reader.h"
#include "tokenizers/normalizer.h"

namespace merle {

struct BertNormalizerOptions {
  bool clean_text = true;            // Drops control characters, makes every white space a blank.
  bool handle_chinese_chars = true;  // Puts blanks around ideographs.
  bool strip_accents = true;         // Decomposes (NFD) and drops nonspacing marks.
  bool lowercase = true;
};

// Peer: tokenizers' BertNormalizer.
class BertNormalizer : public Normalizer {
 public:
  explicit BertNormalizer(const BertNormalizerOptions& options) : options_(options) {}
  // strip_accents: null follows lowercase.
  static std::unique_ptr<Normalizer> FromJson(const JsonValue& json);

  void Normalize(AlignedText& text) const override;

  const BertNormalizerOptions& options() const { return options_; }

 private:
  BertNormalizerOptions options_;
};

}  // namespace merle
