// PostProcessor: puts special tokens around one text or a pair, by a template.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/json_reader.h"

namespace merle {

// A part of a template: one of the texts, or one special token.
struct TemplatePart {
  enum class Kind { kFirst, kSecond, kSpecial };
  Kind kind;
  std::int32_t type_id;
  std::int32_t id = -1;  // kSpecial only.
};
using Template = std::vector<TemplatePart>;

// Plain data: the reference's post-processors that add tokens come down to two templates.
struct PostProcessor {
  Template single = {{TemplatePart::Kind::kFirst, 0}};
  Template pair = {{TemplatePart::Kind::kFirst, 0}, {TemplatePart::Kind::kSecond, 1}};

  const Template& For(bool is_pair) const { return is_pair ? pair : single; }
  std::size_t SpecialTokens(bool is_pair) const;  // How many it adds.
};

PostProcessor TemplateProcessingFromJson(const JsonValue& json);
PostProcessor BertProcessingFromJson(const JsonValue& json);
// A sequence of one step, or none.
PostProcessor PostProcessorSequenceFromJson(const JsonValue& json);

// BERT's: [CLS] first [SEP], and [CLS] first [SEP] second [SEP] with the second as segment 1.
PostProcessor BertPostProcessor(std::int32_t cls, std::int32_t sep);

}  // namespace merle
