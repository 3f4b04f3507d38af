#include "tokenizers/pre_tokenizers.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/json_reader.h"
#include "base/utf8.h"
#include "tokenizers/pre_tokenizer.h"
#include "tokenizers/registry.h"
#include "tokenizers/unicode_class.h"

namespace merle {
namespace {

// What a character does to the word around it.
enum class Role {
  kDrop,     // Ends the word and vanishes.
  kAlone,    // Is a word.
  kWord,     // Goes on with the word, or begins one.
  kOddWord,  // The same, but does not mix with kWord.
};

// Cuts every word of `tokens` by the roles of its characters.
template <typename RoleOf>
void SplitByRole(PreTokens& tokens, RoleOf&& role_of) {
  std::vector<PreToken> parts;
  for (const PreToken& part : tokens.parts) {
    if (part.added_id) {
      parts.push_back(part);
      continue;
    }
    Role before = Role::kDrop;
    for (std::size_t i = part.begin; i < part.end;) {
      const CodePoint c = DecodeUtf8(tokens.text.text(), i);
      const Role role = role_of(c.value);
      if (role == before && role != Role::kAlone && role != Role::kDrop) {
        parts.back().end = i + c.bytes;
      } else if (role != Role::kDrop) {
        parts.push_back({i, i + c.bytes, std::nullopt});
      }
      before = role;
      i += c.bytes;
    }
  }
  tokens.parts = std::move(parts);
}

}  // namespace

std::unique_ptr<PreTokenizer> BertPreTokenizer::FromJson(const JsonValue&) {
  return std::make_unique<BertPreTokenizer>();
}

void BertPreTokenizer::Split(PreTokens& tokens) const {
  SplitByRole(tokens, [](char32_t c) {
    const auto classes = UnicodeClasses(c);
    if ((classes & kSpace) != 0) return Role::kDrop;
    return (classes & kPunctuation) != 0 ? Role::kAlone : Role::kWord;
  });
}

std::unique_ptr<PreTokenizer> WhitespaceSplit::FromJson(const JsonValue&) {
  return std::make_unique<WhitespaceSplit>();
}

void WhitespaceSplit::Split(PreTokens& tokens) const {
  SplitByRole(tokens, [](char32_t c) { return HasClass(c, kSpace) ? Role::kDrop : Role::kWord; });
}

std::unique_ptr<PreTokenizer> Whitespace::FromJson(const JsonValue&) {
  return std::make_unique<Whitespace>();
}

void Whitespace::Split(PreTokens& tokens) const {
  SplitByRole(tokens, [](char32_t c) {
    if (HasClass(c, kSpace)) return Role::kDrop;
    return IsWordCharacter(c) ? Role::kWord : Role::kOddWord;
  });
}

std::unique_ptr<PreTokenizer> PreTokenizerSequence::FromJson(const JsonValue& json) {
  std::vector<std::unique_ptr<PreTokenizer>> steps;
  for (const JsonValue& step : json.At("pretokenizers").Elements()) {
    steps.push_back(MakePreTokenizer(step));
  }
  return std::make_unique<PreTokenizerSequence>(std::move(steps));
}

void PreTokenizerSequence::Split(PreTokens& tokens) const {
  for (const auto& step : steps_) step->Split(tokens);
}

}  // namespace merle
