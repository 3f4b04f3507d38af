#include "tokenizers/tokenizer_config.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/quote.h"
#include "tokenizers/added_tokens.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

// Python writes 1e30 for "no limit".
constexpr double kMostModelLength = 1e9;
constexpr std::size_t kMostConfigBytes = 4u << 20;
constexpr const char* kConfig = "config.json";
constexpr const char* kDecoder = "added_tokens_decoder";

// BertTokenizer of transformers 5, the names that stand for it, and its heirs that change nothing.
constexpr std::string_view kBertClasses[] = {
    "BertTokenizer",       "ConvBertTokenizer", "DistilBertTokenizer", "ElectraTokenizer",
    "MobileBertTokenizer", "LayoutLMTokenizer", "SqueezeBertTokenizer"};

std::optional<JsonDocument> LoadIfThere(const Folder& folder, std::string_view name) {
  if (!folder.Has(name)) return std::nullopt;
  return JsonDocument::Load(folder, name);
}

std::optional<JsonValue> Find(const std::optional<JsonDocument>& document, std::string_view key) {
  return document ? document->root().Find(key) : std::nullopt;
}

// A token stands there as a string, or as an object with its content.
std::string TextOf(const JsonValue& token) {
  const JsonValue text = token.IsObject() ? token.At("content") : token;
  if (text.AsString().empty()) token.Fail("must not be empty");
  return std::string(text.AsString());
}

}  // namespace

const std::vector<TokenRole>& TokenRoles() {
  static const std::vector<TokenRole> kRoles = {
      {&SpecialTokens::bos, "bos_token", {}},
      {&SpecialTokens::eos, "eos_token", {}},
      {&SpecialTokens::unk, "unk_token", {"[UNK]", "<unk>"}},
      {&SpecialTokens::sep, "sep_token", {"[SEP]", "</s>"}},
      {&SpecialTokens::pad, "pad_token", {"[PAD]", "<pad>"}},
      {&SpecialTokens::cls, "cls_token", {"[CLS]", "<s>"}},
      {&SpecialTokens::mask, "mask_token", {"[MASK]", "<mask>"}},
  };
  return kRoles;
}

TokenizerConfig::TokenizerConfig(const Folder& folder)
    : config_(LoadIfThere(folder, "tokenizer_config.json")),
      special_tokens_map_(LoadIfThere(folder, "special_tokens_map.json")) {}

bool TokenizerConfig::IsBertTokenizer(const Folder& folder) const {
  std::optional<JsonDocument> model;  // Not by Load, which has warned when the model was opened.
  if (folder.Has(kConfig)) {
    model = JsonDocument::Parse(folder.Read(kConfig, kMostConfigBytes), folder.PathOf(kConfig));
  }
  auto named = Find(config_, "tokenizer_class");
  if (!named) named = Find(model, "tokenizer_class");
  if (!named) {
    const auto type = Find(model, "model_type");
    return type && type->AsString() == "bert";
  }
  std::string_view name = named->AsString();
  if (name.ends_with("Fast")) name.remove_suffix(4);
  return std::ranges::find(kBertClasses, name) != std::end(kBertClasses);
}

bool TokenizerConfig::Flag(std::string_view key, bool otherwise) const {
  const auto value = Find(config_, key);
  return value ? value->AsBool() : otherwise;
}

std::optional<std::string> TokenizerConfig::TokenText(std::string_view key) const {
  auto value = has_added_tokens_decoder() ? std::nullopt : Find(special_tokens_map_, key);
  if (!value) value = Find(config_, key);
  if (!value) return std::nullopt;
  return TextOf(*value);
}

std::vector<std::string> TokenizerConfig::ExtraTokens() const {
  std::vector<std::string> texts;
  if (!config_) return texts;
  const auto has_role = [](std::string_view key) {
    return std::ranges::any_of(TokenRoles(),
                               [&](const TokenRole& role) { return role.key == key; });
  };
  config_->root().ForEachMember([&](std::string_view key, const JsonValue& value) {
    if (key.ends_with("_token") && value.IsString() && !has_role(key)) {
      texts.push_back(TextOf(value));
    } else if (key == "additional_special_tokens" || key == "extra_special_tokens") {
      const auto add = [&](const JsonValue& token) { texts.push_back(TextOf(token)); };
      if (value.IsArray()) value.ForEachElement(add);
      if (value.IsObject()) value.ForEachMember([&](auto, const JsonValue& token) { add(token); });
    }
  });
  return texts;
}

bool TokenizerConfig::has_added_tokens_decoder() const {
  return Find(config_, kDecoder).has_value();
}

std::vector<AddedToken> TokenizerConfig::AddedTokensDecoder() const {
  std::vector<std::pair<std::string, AddedToken>> by_id;
  if (const auto decoder = Find(config_, kDecoder)) {
    decoder->ForEachMember([&](std::string_view id, const JsonValue& token) {
      if (id.empty() || id.size() > 9 || id.find_first_not_of("0123456789") != id.npos) {
        token.Fail("must have an id as its key");
      }
      by_id.emplace_back(id, AddedToken::FromJson(token));
    });
  }
  // Decimal numbers without leading zeros: the shorter one is the smaller one.
  std::sort(by_id.begin(), by_id.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.size(), a.first) < std::pair(b.first.size(), b.first);
  });
  std::vector<AddedToken> tokens;
  tokens.reserve(by_id.size());
  for (auto& [id, token] : by_id) tokens.push_back(std::move(token));
  return tokens;
}

std::optional<std::size_t> TokenizerConfig::ModelMaxLength() const {
  const auto value = Find(config_, "model_max_length");
  if (!value) return std::nullopt;
  const double length = value->AsNumber();
  if (length > kMostModelLength) return std::nullopt;
  if (length < 1) value->Fail("must be at least 1");
  return static_cast<std::size_t>(length);
}

std::optional<Side> TokenizerConfig::TruncationSide() const {
  const auto side = Find(config_, "truncation_side");
  if (!side) return std::nullopt;
  if (side->AsString() == "left") return Side::kLeft;
  if (side->AsString() == "right") return Side::kRight;
  side->Fail(Format("is {}, not left or right", Quoted(side->AsString())));
}

void TokenizerConfig::CheckSupported() const {
  const auto split = Find(config_, "split_special_tokens");
  if (split && split->AsBool()) split->Fail("is not supported", ErrorCode::kUnimplemented);
}

}  // namespace merle
