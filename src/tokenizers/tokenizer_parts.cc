#include "tokenizers/tokenizer_parts.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "tokenizers/added_tokens.h"
#include "tokenizers/aligned_text.h"
#include "tokenizers/bert_fast_path.h"
#include "tokenizers/bert_normalizer.h"
#include "tokenizers/decoder.h"
#include "tokenizers/normalizer.h"
#include "tokenizers/normalizers.h"
#include "tokenizers/post_processor.h"
#include "tokenizers/pre_tokenizers.h"
#include "tokenizers/registry.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/vocabulary.h"
#include "tokenizers/wordpiece.h"

namespace merle {
namespace {

constexpr const char* kTokenizerJson = "tokenizer.json";
constexpr const char* kVocabTxt = "vocab.txt";
// Of both; the largest that models have is some 35 MB.
constexpr std::size_t kMostVocabBytes = 64u << 20;
// JSON objects that describe a normalizer or so with all its steps; models have ten. Each step
// passes over every text.
constexpr std::size_t kMostStepObjects = 256;
// Python writes 1e30 for "no limit".
constexpr double kMostModelLength = 1e9;

std::optional<JsonDocument> LoadIfThere(const Folder& folder, std::string_view name) {
  if (!folder.Has(name)) return std::nullopt;
  return JsonDocument::Load(folder, name);
}

// What tokenizer_config.json and, for special tokens that it lacks, special_tokens_map.json say.
class Config {
 public:
  explicit Config(const Folder& folder)
      : config_(LoadIfThere(folder, "tokenizer_config.json")),
        special_tokens_map_(LoadIfThere(folder, "special_tokens_map.json")) {}

  bool Flag(std::string_view key, bool otherwise) const {
    const auto value = Find(config_, key);
    return value ? value->AsBool() : otherwise;
  }

  // A token stands there as a string, or as an object with its content.
  std::optional<std::string> TokenText(std::string_view key) const {
    auto value = Find(config_, key);
    if (!value) value = Find(special_tokens_map_, key);
    if (!value) return std::nullopt;
    const JsonValue text = value->IsObject() ? value->At("content") : *value;
    if (text.AsString().empty()) value->Fail("must not be empty");
    return std::string(text.AsString());
  }

  // Throws for settings that change tokens and that Merle does not know.
  void CheckSupported() const {
    const auto side = Find(config_, "truncation_side");
    if (side && side->AsString() != "right") {
      side->Fail(Format("is {}, only 'right' is supported", Quoted(side->AsString())),
                 ErrorCode::kUnimplemented);
    }
  }

  std::optional<std::size_t> ModelMaxLength() const {
    const auto value = Find(config_, "model_max_length");
    if (!value) return std::nullopt;
    const double length = value->AsNumber();
    if (length > kMostModelLength) return std::nullopt;
    if (length < 1) value->Fail("must be at least 1");
    return static_cast<std::size_t>(length);
  }

  // added_tokens_decoder, in the order of the ids.
  std::vector<AddedToken> AddedTokensDecoder() const {
    std::vector<std::pair<std::string, AddedToken>> by_id;
    if (const auto decoder = Find(config_, "added_tokens_decoder")) {
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

 private:
  static std::optional<JsonValue> Find(const std::optional<JsonDocument>& document,
                                       std::string_view key) {
    return document ? document->root().Find(key) : std::nullopt;
  }

  std::optional<JsonDocument> config_;
  std::optional<JsonDocument> special_tokens_map_;
};

// A special token's role: its key in tokenizer_config.json and the names it has where no file says.
struct Role {
  std::optional<std::int32_t> SpecialTokens::* id;
  const char* key;
  std::vector<const char*> usual;
};

// In the order in which transformers adds them to a vocabulary that lacks them.
const std::vector<Role>& Roles() {
  static const std::vector<Role> kRoles = {
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

SpecialTokens FindSpecialTokens(const Config& config, const Tokenizer::Parts& parts) {
  SpecialTokens special_tokens;
  for (const Role& role : Roles()) {
    auto& id = special_tokens.*role.id;
    if (const auto text = config.TokenText(role.key)) {
      id = parts.IdOf(*text);
      continue;
    }
    for (const char* const usual : role.usual) {
      if (!id) id = parts.IdOf(usual);
    }
  }
  return special_tokens;
}

// Lines of vocab.txt: line n, without the white space at its end, is the token of id n. Of equal
// lines the last one counts, as in the reference.
Vocabulary ReadVocabTxt(const Folder& folder) {
  const std::string path = folder.PathOf(kVocabTxt);
  const std::string content = folder.Read(kVocabTxt, kMostVocabBytes);
  if (const auto bad = FindInvalidUtf8(content)) {
    throw Error(ErrorCode::kDataLoss, Format("{}: byte {} is not UTF-8", path, *bad));
  }
  std::unordered_map<std::string, std::int32_t> ids;
  std::int32_t id = 0;
  for (std::size_t begin = 0; begin < content.size(); ++id) {
    std::size_t end = std::min(content.find('\n', begin), content.size());
    AlignedText line(0, false);
    line.AppendOriginal(std::string_view(content).substr(begin, end - begin), 0);
    Strip(false, true).Normalize(line);
    ids[std::string(line.text())] = id;
    begin = end + 1;
  }
  std::vector<Vocabulary::Token> tokens;
  tokens.reserve(ids.size());
  for (const auto& [text, its_id] : ids) tokens.push_back({text, its_id});
  try {
    return Vocabulary(tokens);
  } catch (const Error& error) {
    throw Error(ErrorCode::kDataLoss, Format("{}: {}", path, error.what()));
  }
}

bool LowercasesAnyway(const Normalizer* normalizer) {
  if (dynamic_cast<const Lowercase*>(normalizer) != nullptr) return true;
  const auto* const sequence = dynamic_cast<const NormalizerSequence*>(normalizer);
  return sequence != nullptr &&
         std::any_of(sequence->steps().begin(), sequence->steps().end(),
                     [](const auto& step) { return LowercasesAnyway(step.get()); });
}

void LowercaseFirst(std::unique_ptr<Normalizer>& normalizer) {
  if (LowercasesAnyway(normalizer.get())) return;
  if (const auto* const bert = dynamic_cast<const BertNormalizer*>(normalizer.get())) {
    if (bert->options().lowercase) return;  // The same text, by one step.
  }
  std::vector<std::unique_ptr<Normalizer>> steps;
  steps.push_back(std::make_unique<Lowercase>());
  if (normalizer != nullptr) steps.push_back(std::move(normalizer));
  normalizer = std::make_unique<NormalizerSequence>(std::move(steps));
}

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

// The options of a call rule, not these sections; but a file with nonsense in them is damaged.
void CheckUnusedSections(const JsonValue& json) {
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
}

// added_tokens: those beside the model's. Their ids are checked and not used: AddedTokens gives the
// ids that the reference gives.
std::vector<AddedToken> ReadAddedTokens(const JsonValue& json) {
  std::vector<AddedToken> tokens;
  std::unordered_map<std::int64_t, std::string> by_id;
  for (const JsonValue& token : json.Elements()) {
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

void ReadTokenizerJson(const JsonValue& json, const TokenizerOptions& options,
                       Tokenizer::Parts& parts) {
  if (const auto version = json.Find("version"); version && version->AsString() != "1.0") {
    version->Fail(Format("is {}, Merle reads 1.0", Quoted(version->AsString())),
                  ErrorCode::kUnimplemented);
  }
  CheckUnusedSections(json);
  if (const auto step = FindStep(json, "normalizer")) parts.normalizer = MakeNormalizer(*step);
  if (const auto step = FindStep(json, "pre_tokenizer")) {
    parts.pre_tokenizer = MakePreTokenizer(*step);
  }
  if (const auto step = json.Find("post_processor")) {
    parts.post_processor = MakePostProcessor(*step);
  }
  if (const auto step = FindStep(json, "decoder")) parts.decoder = MakeDecoder(*step);
  parts.model = MakeModel(json.At("model"));
  if (options.lowercase_first) LowercaseFirst(parts.normalizer);
  const auto added_json = json.Find("added_tokens");
  if (!added_json) return;
  const std::vector<AddedToken> added = ReadAddedTokens(*added_json);
  try {
    parts.added_tokens = AddedTokens(added, parts.model->vocabulary(), parts.normalizer.get());
  } catch (const Error& error) {
    added_json->Fail(Format("is broken: {}", error.what()));
  }
}

// Peer: BertTokenizer of transformers, without a tokenizer.json.
void ReadVocabFolder(const Folder& folder, const Config& config, const TokenizerOptions& options,
                     Tokenizer::Parts& parts) {
  BertNormalizerOptions normalizer;
  normalizer.lowercase = config.Flag("do_lower_case", true);
  normalizer.handle_chinese_chars = config.Flag("tokenize_chinese_chars", true);
  normalizer.strip_accents = config.Flag("strip_accents", normalizer.lowercase);
  parts.normalizer = std::make_unique<BertNormalizer>(normalizer);
  if (options.lowercase_first) LowercaseFirst(parts.normalizer);
  parts.pre_tokenizer = std::make_unique<BertPreTokenizer>();
  parts.decoder = std::make_unique<WordPieceDecoder>("##", true);

  std::vector<AddedToken> added = config.AddedTokensDecoder();
  WordPieceOptions wordpiece;
  for (const Role& role : Roles()) {
    auto text = config.TokenText(role.key);
    if (!text && role.usual.empty()) continue;
    if (!text) text = role.usual[0];
    if (role.id == &SpecialTokens::unk) wordpiece.unk_token = *text;
    const bool there = std::any_of(added.begin(), added.end(),
                                   [&](const AddedToken& token) { return token.content == *text; });
    if (there) continue;
    added.push_back({.content = *text, .normalized = false, .special = true});
  }
  Vocabulary vocabulary = ReadVocabTxt(folder);
  try {
    parts.model = std::make_unique<WordPiece>(std::move(vocabulary), wordpiece);
    parts.added_tokens = AddedTokens(added, parts.model->vocabulary(), parts.normalizer.get());
  } catch (const Error& error) {
    throw Error(ErrorCode::kDataLoss, Format("{}: {}", folder.PathOf(kVocabTxt), error.what()));
  }
  const SpecialTokens special = FindSpecialTokens(config, parts);
  MERLE_ASSERT(special.cls && special.sep);  // Added above.
  parts.post_processor = BertPostProcessor(*special.cls, *special.sep);
}

// A template's ids go to the model unseen, so each must be a token's.
void CheckTemplates(const Tokenizer::Parts& parts, const std::string& path) {
  for (const bool is_pair : {false, true}) {
    for (const TemplatePart& part : parts.post_processor.For(is_pair)) {
      if (part.kind != TemplatePart::Kind::kSpecial) continue;
      if (static_cast<std::size_t>(part.id) < parts.IdLimit()) continue;
      throw Error(ErrorCode::kDataLoss,
                  Format("{}: 'post_processor' adds token {}, but ids end at {}", path, part.id,
                         parts.IdLimit() - 1));
    }
  }
}

}  // namespace

std::unique_ptr<const Tokenizer::Parts> Tokenizer::Parts::Read(const Folder& folder,
                                                               const TokenizerOptions& options) {
  const Config config(folder);
  auto parts = std::make_unique<Parts>();
  if (folder.Has(kTokenizerJson)) {
    const JsonDocument document =
        JsonDocument::Load(folder, kTokenizerJson, {.max_bytes = kMostVocabBytes});
    ReadTokenizerJson(document.root(), options, *parts);
    CheckTemplates(*parts, document.name());
  } else if (folder.Has(kVocabTxt)) {
    ReadVocabFolder(folder, config, options, *parts);
  } else {
    throw Error(ErrorCode::kNotFound,
                Format("{}: has no {} and no {}", folder.path(), kTokenizerJson, kVocabTxt));
  }
  config.CheckSupported();
  parts->special_tokens = FindSpecialTokens(config, *parts);
  parts->model_max_length = config.ModelMaxLength();
  parts->fast_path = BertFastPath::Recognize(parts->normalizer.get(), parts->pre_tokenizer.get(),
                                             *parts->model, parts->added_tokens);
  return parts;
}

std::optional<std::int32_t> Tokenizer::Parts::IdOf(std::string_view token) const {
  const auto added = added_tokens.IdOf(token);
  return added ? added : model->vocabulary().IdOf(token);
}

std::size_t Tokenizer::Parts::IdLimit() const {
  std::size_t limit = model->vocabulary().id_limit();
  for (const auto& item : added_tokens.items()) {
    limit = std::max(limit, static_cast<std::size_t>(item.id) + 1);
  }
  return limit;
}

}  // namespace merle
