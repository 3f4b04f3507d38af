#include "tokenizers/bert_normalizer.h"

#include <memory>

#include "base/json_reader.h"
#include "tokenizers/aligned_text.h"
#include "tokenizers/normalizer.h"
#include "tokenizers/normalizers.h"
#include "tokenizers/unicode_class.h"

namespace merle {
namespace {

void Clean(AlignedText& text) {
  text.Map([](char32_t c, auto&& emit) {
    if (c == '\t' || c == '\n' || c == '\r') return emit(U' ');
    if (c == 0 || c == 0xFFFD) return;
    const auto classes = UnicodeClasses(c);
    if ((classes & kOther) == 0) emit((classes & kSpace) != 0 ? U' ' : c);
  });
}

void IsolateIdeographs(AlignedText& text) {
  text.Map([](char32_t c, auto&& emit) {
    const bool ideograph = HasClass(c, kIdeograph);
    if (ideograph) emit(U' ');
    emit(c);
    if (ideograph) emit(U' ');
  });
}

void DropNonspacingMarks(AlignedText& text) {
  text.Map([](char32_t c, auto&& emit) {
    if (!HasClass(c, kNonspacing)) emit(c);
  });
}

}  // namespace

std::unique_ptr<Normalizer> BertNormalizer::FromJson(const JsonValue& json) {
  BertNormalizerOptions options;
  options.clean_text = json.At("clean_text").AsBool();
  options.handle_chinese_chars = json.At("handle_chinese_chars").AsBool();
  options.lowercase = json.At("lowercase").AsBool();
  const auto strip_accents = json.Find("strip_accents");
  options.strip_accents = strip_accents ? strip_accents->AsBool() : options.lowercase;
  return std::make_unique<BertNormalizer>(options);
}

void BertNormalizer::Normalize(AlignedText& text) const {
  if (options_.clean_text) Clean(text);
  if (options_.handle_chinese_chars) IsolateIdeographs(text);
  if (options_.strip_accents) {
    NormalizationForm(Decomposition::kCanonical, Recompose::kNo).Normalize(text);
    DropNonspacingMarks(text);
  }
  if (options_.lowercase) Lowercase().Normalize(text);
}

}  // namespace merle
