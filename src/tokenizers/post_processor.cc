#include "tokenizers/post_processor.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/quote.h"
#include "tokenizers/registry.h"
#include "tokenizers/vocabulary.h"

namespace merle {
namespace {

using Kind = TemplatePart::Kind;

// More would not be a segment of anything; models have 1 to 4.
constexpr std::int64_t kMostTypeIds = 1 << 16;

// Of one template: a special token may stand for many ids, and be named often.
constexpr std::size_t kMostParts = 1024;

std::int32_t TypeId(const JsonValue& json) {
  return static_cast<std::int32_t>(json.At("type_id").AsInteger(0, kMostTypeIds - 1));
}

std::int32_t TokenId(const JsonValue& json) {
  return static_cast<std::int32_t>(json.AsInteger(0, Vocabulary::kMostIds - 1));
}

// The ids behind each special token's name.
using SpecialIds = std::unordered_map<std::string, std::vector<std::int32_t>>;

SpecialIds ReadSpecialIds(const JsonValue& json) {
  SpecialIds special_ids;
  json.ForEachMember([&](std::string_view name, const JsonValue& token) {
    auto& ids = special_ids[std::string(name)];
    for (const JsonValue& id : token.At("ids").Elements()) ids.push_back(TokenId(id));
    if (ids.size() != token.At("tokens").Size()) token.Fail("has not as many ids as tokens");
  });
  return special_ids;
}

void AppendPart(const JsonValue& part, const SpecialIds& special_ids, Template& out) {
  if (const auto sequence = part.Find("Sequence")) {
    const std::string_view id = sequence->At("id").AsString();
    if (id != "A" && id != "B") sequence->Fail(Format("has id {}, must be A or B", Quoted(id)));
    out.push_back({id == "A" ? Kind::kFirst : Kind::kSecond, TypeId(*sequence)});
    return;
  }
  const JsonValue special = part.At("SpecialToken");
  const std::string name(special.At("id").AsString());
  const auto ids = special_ids.find(name);
  if (ids == special_ids.end()) {
    special.Fail(Format("names {}, which is not among the special_tokens", Quoted(name)));
  }
  for (const std::int32_t id : ids->second) out.push_back({Kind::kSpecial, TypeId(special), id});
}

Template ReadTemplate(const JsonValue& json, const SpecialIds& special_ids) {
  Template out;
  for (const JsonValue& part : json.Elements()) {
    AppendPart(part, special_ids, out);
    if (out.size() > kMostParts) json.Fail(Format("has more than {} parts", kMostParts));
  }
  return out;
}

std::size_t Count(const Template& parts, Kind kind) {
  return static_cast<std::size_t>(std::count_if(
      parts.begin(), parts.end(), [&](const TemplatePart& part) { return part.kind == kind; }));
}

// Each text must stand in a template once: max_length counts it so.
void CheckSequences(const Template& parts, bool is_pair, const JsonValue& json) {
  if (Count(parts, Kind::kFirst) != 1) json.Fail("must use the sequence A once");
  if (is_pair && Count(parts, Kind::kSecond) != 1) json.Fail("must use the sequence B once");
  if (!is_pair && Count(parts, Kind::kSecond) != 0) json.Fail("must not use the sequence B");
}

}  // namespace

std::size_t PostProcessor::SpecialTokens(bool is_pair) const {
  return Count(For(is_pair), Kind::kSpecial);
}

PostProcessor BertPostProcessor(std::int32_t cls, std::int32_t sep) {
  PostProcessor processor;
  processor.single = {{Kind::kSpecial, 0, cls}, {Kind::kFirst, 0}, {Kind::kSpecial, 0, sep}};
  processor.pair = processor.single;
  processor.pair.push_back({Kind::kSecond, 1});
  processor.pair.push_back({Kind::kSpecial, 1, sep});
  return processor;
}

PostProcessor TemplateProcessingFromJson(const JsonValue& json) {
  const SpecialIds special_ids = ReadSpecialIds(json.At("special_tokens"));
  PostProcessor processor;
  processor.single = ReadTemplate(json.At("single"), special_ids);
  processor.pair = ReadTemplate(json.At("pair"), special_ids);
  CheckSequences(processor.single, false, json.At("single"));
  CheckSequences(processor.pair, true, json.At("pair"));
  return processor;
}

PostProcessor BertProcessingFromJson(const JsonValue& json) {
  // ["[CLS]", 101]
  const auto read_id = [&](const char* key) {
    const auto pair = json.At(key).Elements();
    if (pair.size() != 2) json.At(key).Fail("must be a token and its id");
    return TokenId(pair[1]);
  };
  return BertPostProcessor(read_id("cls"), read_id("sep"));
}

PostProcessor PostProcessorSequenceFromJson(const JsonValue& json) {
  const auto steps = json.At("processors").Elements();
  if (steps.size() > 1) {
    json.Fail("has several steps, of which Merle knows how to join none yet",
              ErrorCode::kUnimplemented);
  }
  return steps.empty() ? PostProcessor() : MakePostProcessor(steps[0]);
}

}  // namespace merle
