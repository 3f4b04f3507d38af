#include "tokenizers/tokenizer_parts.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
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
#include "tokenizers/bert_fast_path.h"
#include "tokenizers/bert_normalizer.h"
#include "tokenizers/decoder.h"
#include "tokenizers/model.h"
#include "tokenizers/normalizer.h"
#include "tokenizers/normalizers.h"
#include "tokenizers/post_processor.h"
#include "tokenizers/pre_tokenizers.h"
#include "tokenizers/registry.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/tokenizer_config.h"
#include "tokenizers/unicode_class.h"
#include "tokenizers/vocabulary.h"
#include "tokenizers/wordpiece.h"

namespace merle {
namespace {

constexpr const char* kTokenizerJson = "tokenizer.json";
constexpr const char* kVocabTxt = "vocab.txt";
// The largest that models have is some 35 MB.
constexpr std::size_t kMostTokenizerJsonBytes = 64u << 20;
constexpr std::size_t kMostVocabTxtBytes = Vocabulary::kMostBytes + Vocabulary::kMostTokens;
// JSON objects that describe a normalizer or so with all its steps; models have ten. Each step
// passes over every text.
constexpr std::size_t kMostStepObjects = 256;

SpecialTokens FindSpecialTokens(const TokenizerConfig& config, const Tokenizer::Parts& parts) {
  SpecialTokens special_tokens;
  for (const TokenRole& role : TokenRoles()) {
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

std::string_view WithoutSpaceAtTheEnd(std::string_view line) {
  while (!line.empty()) {
    std::size_t last = line.size() - 1;
    while ((line[last] & 0xC0) == 0x80) --last;  // It is UTF-8.
    if (!HasClass(DecodeUtf8(line, last).value, kSpace)) break;
    line = line.substr(0, last);
  }
  return line;
}

// Lines of vocab.txt: line n, without the white space at its end, is the token of id n. Of equal
// lines the last one counts, as in the reference.
Vocabulary ReadVocabTxt(const Folder& folder) {
  const std::string path = folder.PathOf(kVocabTxt);
  const std::string content = folder.Read(kVocabTxt, kMostVocabTxtBytes);
  if (const auto bad = FindInvalidUtf8(content)) {
    throw Error(ErrorCode::kDataLoss, Format("{}: byte {} is not UTF-8", path, *bad));
  }
  const auto lines = static_cast<std::size_t>(std::ranges::count(content, '\n'));
  if (lines > Vocabulary::kMostTokens) {
    throw Error(ErrorCode::kDataLoss, Format("{}: has {} lines, at most {} are read", path, lines,
                                             Vocabulary::kMostTokens));
  }
  std::unordered_map<std::string_view, std::int32_t> ids;
  ids.reserve(lines + 1);
  std::int32_t id = 0;
  for (std::size_t begin = 0; begin < content.size(); ++id) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    ids[WithoutSpaceAtTheEnd(std::string_view(content).substr(begin, end - begin))] = id;
    begin = end + 1;
  }
  std::vector<Vocabulary::Token> tokens;
  tokens.reserve(ids.size());
  for (const auto& [text, its_id] : ids) tokens.push_back({std::string(text), its_id});
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
}

// Of tokenizer.json, those beside the model's, in the order of the file.
std::vector<AddedToken> ReadAddedTokens(const JsonDocument& document) {
  const auto json = document.root().Find("added_tokens");
  return json ? ReadAddedTokens(*json) : std::vector<AddedToken>{};
}

// Appends the tokens that the configuration names and `added` lacks; with `usual` also those of
// BERT in the roles that it leaves open. Peer: the end of TokenizersBackend.__init__.
void AddNamedTokens(const TokenizerConfig& config, bool usual, std::vector<AddedToken>& added) {
  std::unordered_set<std::string> there;
  for (const AddedToken& token : added) there.insert(token.content);
  const auto add = [&](const std::string& text) {
    if (!there.insert(text).second) return;
    added.push_back({.content = text, .normalized = false, .special = true});
  };
  for (const TokenRole& role : TokenRoles()) {
    if (const auto text = config.TokenText(role.key)) {
      add(*text);
    } else if (usual && !role.usual.empty()) {
      add(role.usual[0]);
    }
  }
  for (const std::string& text : config.ExtraTokens()) add(text);
}

void SetAddedTokens(const std::vector<AddedToken>& added, const std::string& path,
                    Tokenizer::Parts& parts) {
  try {
    parts.added_tokens = AddedTokens(added, parts.model->vocabulary(), parts.normalizer.get());
  } catch (const Error& error) {
    throw Error(ErrorCode::kDataLoss, Format("{}: {}", path, error.what()));
  }
}

std::string UnknownToken(const TokenizerConfig& config) {
  return config.TokenText("unk_token").value_or("[UNK]");
}

// BERT's model over a vocabulary from the file `path`.
std::unique_ptr<Model> MakeBertModel(Vocabulary vocabulary, const TokenizerConfig& config,
                                     const std::string& path) {
  try {
    return std::make_unique<WordPiece>(std::move(vocabulary),
                                       WordPieceOptions{.unk_token = UnknownToken(config)});
  } catch (const Error& error) {
    throw Error(ErrorCode::kDataLoss, Format("{}: {}", path, error.what()));
  }
}

// Whether the model of a tokenizer.json is what MakeBertModel would make, which costs a copy.
bool IsBertModel(const JsonValue& json, const TokenizerConfig& config) {
  const WordPieceOptions usual;
  return json.At("unk_token").AsString() == UnknownToken(config) &&
         json.At("continuing_subword_prefix").AsString() == usual.continuing_subword_prefix &&
         json.At("max_input_chars_per_word").AsInteger() ==
             static_cast<std::int64_t>(usual.max_input_chars_per_word);
}

// Makes the parts that BertTokenizer of transformers has beside its model, `parts.model`, whose
// vocabulary is from the file `path`.
void MakeBert(const std::string& path, std::vector<AddedToken> added, const TokenizerConfig& config,
              const TokenizerOptions& options, Tokenizer::Parts& parts) {
  BertNormalizerOptions normalizer;
  normalizer.lowercase = config.Flag("do_lower_case", true);
  normalizer.handle_chinese_chars = config.Flag("tokenize_chinese_chars", true);
  normalizer.strip_accents = config.Flag("strip_accents", normalizer.lowercase);
  parts.normalizer = std::make_unique<BertNormalizer>(normalizer);
  if (options.lowercase_first) LowercaseFirst(parts.normalizer);
  parts.pre_tokenizer = std::make_unique<BertPreTokenizer>();
  parts.decoder = std::make_unique<WordPieceDecoder>("##", true);
  AddNamedTokens(config, true, added);
  SetAddedTokens(added, path, parts);
  const auto id_of = [&](const char* key, const char* usual) {
    const auto id = parts.IdOf(config.TokenText(key).value_or(usual));
    MERLE_ASSERT(id);  // Added above.
    return *id;
  };
  parts.post_processor =
      BertPostProcessor(id_of("cls_token", "[CLS]"), id_of("sep_token", "[SEP]"));
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

// A folder with tokenizer.json. What the reference does with one depends on its class:
// BertTokenizer takes the vocabulary and the added tokens from it, all else from the configuration.
void ReadJsonFolder(const Folder& folder, const TokenizerConfig& config,
                    const TokenizerOptions& options, Tokenizer::Parts& parts) {
  const JsonDocument document =
      JsonDocument::Load(folder, kTokenizerJson, {.max_bytes = kMostTokenizerJsonBytes});
  ReadTokenizerJson(document.root(), options, parts);
  std::vector<AddedToken> added = ReadAddedTokens(document);
  SetAddedTokens(added, document.name(), parts);  // Damage that BertTokenizer may not see.
  CheckTemplates(parts, document.name());
  if (config.IsBertTokenizer(folder)) {
    if (config.has_added_tokens_decoder()) added = config.AddedTokensDecoder();
    if (!IsBertModel(document.root().At("model"), config)) {
      parts.model = MakeBertModel(parts.model->vocabulary(), config, document.name());
    }
    MakeBert(document.name(), std::move(added), config, options, parts);
    return;
  }
  const std::size_t count = added.size();
  std::ranges::move(config.AddedTokensDecoder(), std::back_inserter(added));
  AddNamedTokens(config, false, added);
  if (added.size() > count) SetAddedTokens(added, document.name(), parts);
}

}  // namespace

std::unique_ptr<const Tokenizer::Parts> Tokenizer::Parts::Read(const Folder& folder,
                                                               const TokenizerOptions& options) {
  const TokenizerConfig config(folder);
  auto parts = std::make_unique<Parts>();
  if (folder.Has(kTokenizerJson)) {
    ReadJsonFolder(folder, config, options, *parts);
  } else if (folder.Has(kVocabTxt)) {
    const std::string path = folder.PathOf(kVocabTxt);
    parts->model = MakeBertModel(ReadVocabTxt(folder), config, path);
    MakeBert(path, config.AddedTokensDecoder(), config, options, *parts);
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
