#include "tokenizers/registry.h"

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/quote.h"
#include "tokenizers/bert_normalizer.h"
#include "tokenizers/decoder.h"
#include "tokenizers/model.h"
#include "tokenizers/normalizer.h"
#include "tokenizers/normalizers.h"
#include "tokenizers/post_processor.h"
#include "tokenizers/pre_tokenizer.h"
#include "tokenizers/pre_tokenizers.h"
#include "tokenizers/unicode_class.h"
#include "tokenizers/vocabulary.h"
#include "tokenizers/wordpiece.h"

namespace merle {
namespace {

template <typename Step, typename... More>
struct Entry {
  std::string_view type;
  Step (*make)(const JsonValue& json, More... more);
};

constexpr Entry<std::unique_ptr<Normalizer>> kNormalizers[] = {
    {"BertNormalizer", BertNormalizer::FromJson},
    {"Lowercase", Lowercase::FromJson},
    {"NFC", MakeNormalizationForm<Decomposition::kCanonical, Recompose::kYes>},
    {"NFD", MakeNormalizationForm<Decomposition::kCanonical, Recompose::kNo>},
    {"NFKC", MakeNormalizationForm<Decomposition::kCompatible, Recompose::kYes>},
    {"NFKD", MakeNormalizationForm<Decomposition::kCompatible, Recompose::kNo>},
    {"Prepend", Prepend::FromJson},
    {"Replace", Replace::FromJson},
    {"Sequence", NormalizerSequence::FromJson},
    {"Strip", Strip::FromJson},
    {"StripAccents", StripAccents::FromJson},
};

constexpr Entry<std::unique_ptr<PreTokenizer>> kPreTokenizers[] = {
    {"BertPreTokenizer", BertPreTokenizer::FromJson},
    {"Sequence", PreTokenizerSequence::FromJson},
    {"Whitespace", Whitespace::FromJson},
    {"WhitespaceSplit", WhitespaceSplit::FromJson},
};

constexpr Entry<std::unique_ptr<Model>, const Vocabulary*> kModels[] = {
    {"WordPiece", WordPiece::FromJson},
};

constexpr Entry<PostProcessor> kPostProcessors[] = {
    {"BertProcessing", BertProcessingFromJson},
    {"Sequence", PostProcessorSequenceFromJson},
    {"TemplateProcessing", TemplateProcessingFromJson},
};

constexpr Entry<std::unique_ptr<Decoder>> kDecoders[] = {
    {"Sequence", DecoderSequence::FromJson},
    {"WordPiece", WordPieceDecoder::FromJson},
};

template <typename Step, typename... More, std::size_t N>
Step Make(const Entry<Step, More...> (&entries)[N], std::string_view type, const JsonValue& json,
          More... more) {
  std::vector<std::string_view> known;
  for (const auto& entry : entries) {
    if (entry.type == type) return entry.make(json, more...);
    known.push_back(entry.type);
  }
  json.Fail(Format("has the type {}, which Merle does not know; it knows {}", Quoted(type),
                   Join(known, ", ")),
            ErrorCode::kUnimplemented);
}

template <typename Step, std::size_t N>
Step Make(const Entry<Step> (&entries)[N], const JsonValue& json) {
  return Make(entries, json.At("type").AsString(), json);
}

// Old files leave the model's type out; its members tell it, in the order that the reference tries.
std::string_view ModelType(const JsonValue& json) {
  if (const auto type = json.Find("type")) return type->AsString();
  if (json.Find("merges")) return "BPE";
  if (json.Find("continuing_subword_prefix")) return "WordPiece";
  return json.At("vocab").IsArray() ? "Unigram" : "WordLevel";
}

}  // namespace

std::unique_ptr<Normalizer> MakeNormalizer(const JsonValue& json) {
  return Make(kNormalizers, json);
}

std::unique_ptr<PreTokenizer> MakePreTokenizer(const JsonValue& json) {
  return Make(kPreTokenizers, json);
}

std::unique_ptr<Model> MakeModel(const JsonValue& json, const Vocabulary* known) {
  return Make(kModels, ModelType(json), json, known);
}

PostProcessor MakePostProcessor(const JsonValue& json) { return Make(kPostProcessors, json); }

std::unique_ptr<Decoder> MakeDecoder(const JsonValue& json) { return Make(kDecoders, json); }

}  // namespace merle
