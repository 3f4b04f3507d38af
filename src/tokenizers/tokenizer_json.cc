#include "tokenizers/tokenizer_json.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/quote.h"
#include "tokenizers/added_tokens.h"
#include "tokenizers/registry.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/tokenizer_parts.h"
#include "tokenizers/vocabulary.h"

namespace merle {
namespace {

// JSON objects that describe a normalizer or so with all its steps; models have ten. Each step
// passes over every text.
constexpr std::size_t kMostStepObjects = 256;

// Objects in `json`, itself included. Not deeper than the document, so the recursion is bounded.
std::size_t CountObjects(const JsonValue& json) {
  std::size_t count = 0;
  if (json.IsArray()) {
    json.ForEachElement([&](const JsonValue& child) { count += CountObjects(child); });
  } else if (json.IsObject()) {
    ++count;
    json.ForEachMember(
        [&](std::string_view, const JsonValue& child) { count += CountObjects(child); });
  }
  return count;
}

// The description of a normalizer, pre-tokenizer or decoder, if there is one.
std::optional<JsonValue> FindStep(const JsonValue& json, std::string_view key) {
  const auto step = json.Find(key);
  if (!step) return std::nullopt;
  const std::size_t objects = CountObjects(*step);
  if (objects > kMostStepObjects) {
    step->Fail(Format("has {} objects, at most {} are read", objects, kMostStepObjects));
  }
  return step;
}

// The side on which the reference cuts, where the section says it. The rest of it and the padding
// are not used, since the options of a call rule; but a file with nonsense in them is damaged.
Side ReadTruncationSide(const JsonValue& json) {
  constexpr std::int64_t kMost = 1 << 30;
  const auto check = [&](const char* section, const char* key, std::int64_t low) {
    const auto there = json.Find(section);
    const auto value = there ? there->Find(key) : std::nullopt;
    if (value) value->AsInteger(low, kMost);
  };
  check("truncation", "max_length", 0);
  check("truncation", "stride", 0);
  check("padding", "pad_id", 0);
  check("padding", "pad_type_id", 0);
  check("padding", "pad_to_multiple_of", 1);
  const auto truncation = json.Find("truncation");
  const auto side = truncation ? truncation->Find("direction") : std::nullopt;
  if (!side || side->AsString() == "Right") return Side::kRight;
  if (side->AsString() == "Left") return Side::kLeft;
  side->Fail(Format("is {}, not Left or Right", Quoted(side->AsString())));
}

}  // namespace

std::vector<AddedToken> ReadAddedTokens(const JsonValue& json) {
  std::vector<AddedToken> tokens;
  const auto list = json.Find("added_tokens");
  if (!list) return tokens;
  std::unordered_map<std::int64_t, std::string> by_id;
  for (const JsonValue& token : list->Elements()) {
    tokens.push_back(AddedToken::FromJson(token));
    const auto id = token.Find("id");
    if (!id) continue;
    const auto [other, is_new] =
        by_id.emplace(id->AsInteger(0, Vocabulary::kMostIds - 1), tokens.back().content);
    if (!is_new && other->second != tokens.back().content) {
      id->Fail(Format("is {} for both {} and {}", other->first, Quoted(other->second),
                      Quoted(tokens.back().content)));
    }
  }
  return tokens;
}

void ReadTokenizerJson(const JsonValue& json, const Vocabulary* known, Tokenizer::Parts& parts) {
  if (const auto version = json.Find("version"); version && version->AsString() != "1.0") {
    version->Fail(Format("is {}, Merle reads 1.0", Quoted(version->AsString())),
                  ErrorCode::kUnimplemented);
  }
  parts.truncation_side = ReadTruncationSide(json);
  if (const auto step = FindStep(json, "normalizer")) parts.normalizer = MakeNormalizer(*step);
  if (const auto step = FindStep(json, "pre_tokenizer")) {
    parts.pre_tokenizer = MakePreTokenizer(*step);
  }
  if (const auto step = json.Find("post_processor")) {
    parts.post_processor = MakePostProcessor(*step);
  }
  if (const auto step = FindStep(json, "decoder")) parts.decoder = MakeDecoder(*step);
  parts.model = MakeModel(json.At("model"), known);
}

}  // namespace merle
