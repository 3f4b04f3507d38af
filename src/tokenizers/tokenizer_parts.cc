#include "tokenizers/tokenizer_parts.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/cache_entry.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/log.h"
#include "tokenizers/added_tokens.h"
#include "tokenizers/bert_fast_path.h"
#include "tokenizers/bert_normalizer.h"
#include "tokenizers/decoder.h"
#include "tokenizers/model.h"
#include "tokenizers/normalizer.h"
#include "tokenizers/normalizers.h"
#include "tokenizers/post_processor.h"
#include "tokenizers/pre_tokenizers.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/tokenizer_config.h"
#include "tokenizers/tokenizer_file.h"
#include "tokenizers/tokenizer_json.h"
#include "tokenizers/vocabulary.h"
#include "tokenizers/wordpiece.h"

namespace merle {
namespace {

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

// What the reference does with a tokenizer.json depends on its class: BertTokenizer takes the
// vocabulary and the added tokens from it, all else from the configuration.
void ReadJson(const Folder& folder, const TokenizerFile& file, const TokenizerConfig& config,
              const TokenizerOptions& options, Tokenizer::Parts& parts) {
  const JsonValue json = file.json->root();
  ReadTokenizerJson(json, file.vocabulary ? &*file.vocabulary : nullptr, parts);
  if (options.lowercase_first) LowercaseFirst(parts.normalizer);
  std::vector<AddedToken> added = ReadAddedTokens(json);
  SetAddedTokens(added, file.path, parts);  // Damage that BertTokenizer may not see.
  CheckTemplates(parts, file.path);
  if (config.IsBertTokenizer(folder)) {
    if (config.has_added_tokens_decoder()) added = config.AddedTokensDecoder();
    parts.model = MakeBertModel(parts.model->vocabulary(), config, file.path);
    MakeBert(file.path, std::move(added), config, options, parts);
    return;
  }
  const std::size_t count = added.size();
  std::ranges::move(config.AddedTokensDecoder(), std::back_inserter(added));
  AddNamedTokens(config, false, added);
  if (added.size() > count) SetAddedTokens(added, file.path, parts);
}

std::unique_ptr<const Tokenizer::Parts> Make(const Folder& folder, const TokenizerFile& file,
                                             const TokenizerOptions& options) {
  const TokenizerConfig config(folder);
  auto parts = std::make_unique<Tokenizer::Parts>();
  if (file.json) {
    ReadJson(folder, file, config, options, *parts);
  } else {
    parts->model = MakeBertModel(*file.vocabulary, config, file.path);
    MakeBert(file.path, config.AddedTokensDecoder(), config, options, *parts);
  }
  config.CheckSupported();
  if (const auto side = config.TruncationSide()) parts->truncation_side = *side;
  parts->special_tokens = FindSpecialTokens(config, *parts);
  parts->model_max_length = config.ModelMaxLength();
  parts->fast_path =
      BertFastPath::Recognize(parts->normalizer.get(), parts->pre_tokenizer.get(), *parts->model,
                              parts->added_tokens, options.cache_folder);
  return parts;
}

}  // namespace

std::unique_ptr<const Tokenizer::Parts> Tokenizer::Parts::Read(const Folder& folder,
                                                               const TokenizerOptions& options) {
  const RandomAccessFile file = OpenTokenizerFile(folder);
  const CacheEntry entry = EntryOfTokenizer(file, options.cache_folder);
  try {
    if (const auto kept = TakeTokenizer(entry, file.path())) return Make(folder, *kept, options);
  } catch (const Error& error) {  // If the model is at fault, that shows again.
    Log(LogLevel::kInfo, Format("what was kept of a tokenizer is not used: {}", error.what()));
  }
  const TokenizerFile read = ReadTokenizerFile(file);
  auto parts = Make(folder, read, options);
  KeepTokenizer(entry, read, parts->model->vocabulary());
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
