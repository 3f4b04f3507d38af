// PreTokenizer: the step that cuts a normalized text into words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tokenizers/aligned_text.h"

namespace merle {

// Bytes [begin, end) of a text: a word, or an added token, which no later step touches.
struct PreToken {
  std::size_t begin;
  std::size_t end;
  std::optional<std::int32_t> added_id;
};

// A text cut into parts, none of them empty. Parts may leave gaps.
struct PreTokens {
  AlignedText text;
  std::vector<PreToken> parts;

  std::string_view View(const PreToken& part) const {
    return text.text().substr(part.begin, part.end - part.begin);
  }
};

// Immutable; may be used in several threads. A step may cut the parts further.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;

  virtual void Split(PreTokens& tokens) const = 0;
};

}  // namespace merle
