#include "tokenizers/tokenizer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/thread_pool.h"
#include "base/utf8.h"
#include "tokenizers/model.h"
#include "tokenizers/post_processor.h"
#include "tokenizers/pre_tokenizer.h"
#include "tokenizers/tokenizer_parts.h"
#include "tokenizers/truncation.h"

namespace merle {
namespace {

// The tokens of one text, before truncation and template.
struct Tokenized {
  std::vector<std::int32_t> ids;
  std::vector<Offset> offsets;  // Empty where only ids were wanted.
};

// Offsets are 32 bits, and so are the counts of tokens that follow from them.
void CheckText(std::string_view text, std::string_view what) {
  CheckUtf8(text, what);
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("{} has {} bytes, at most 2^32 - 1 can be tokenized", what, text.size()));
  }
}

Tokenized TokenizeStepByStep(const Tokenizer::Parts& parts, std::string_view text,
                             bool with_offsets) {
  PreTokens words = parts.added_tokens.Extract(text, parts.normalizer.get(), with_offsets);
  if (parts.pre_tokenizer != nullptr) parts.pre_tokenizer->Split(words);
  Tokenized out;
  std::vector<Token> tokens;
  for (const PreToken& word : words.parts) {
    tokens.clear();
    if (word.added_id) {
      tokens.push_back({*word.added_id, 0, word.end - word.begin});
    } else {
      parts.model->Tokenize(words.View(word), tokens);
    }
    for (const Token& token : tokens) {
      out.ids.push_back(token.id);
      if (!with_offsets) continue;
      out.offsets.push_back(words.text.OffsetOf(word.begin + token.begin, word.begin + token.end));
    }
  }
  return out;
}

// All tokens, with offsets.
Tokenized Tokenize(const Tokenizer::Parts& parts, std::string_view text) {
  if (parts.fast_path == nullptr) return TokenizeStepByStep(parts, text, true);
  Tokenized out;
  if (parts.fast_path->Encode(text, out.ids, out.offsets)) return out;
  return TokenizeStepByStep(parts, text, true);
}

Side CutSide(const Tokenizer::Parts& parts, const EncodeOptions& options) {
  return options.truncation_side.value_or(parts.truncation_side);
}

// Most tokens of the text or texts: max_length without the special tokens.
std::size_t Room(const Tokenizer::Parts& parts, const EncodeOptions& options, bool is_pair) {
  if (options.max_length == kNoLimit || !options.add_special_tokens) return options.max_length;
  const std::size_t special = parts.post_processor.SpecialTokens(is_pair);
  if (special > options.max_length) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("max_length is {}, but the special tokens alone are {}", options.max_length,
                       special));
  }
  return options.max_length - special;
}

template <typename T>
void Keep(std::size_t count, Side cut_side, std::vector<T>& values) {
  if (count >= values.size()) return;
  const auto cut = static_cast<std::ptrdiff_t>(values.size() - count);
  if (cut_side == Side::kLeft) {
    values.erase(values.begin(), values.begin() + cut);
  } else {
    values.erase(values.end() - cut, values.end());
  }
}

void Keep(std::size_t count, Side cut_side, Tokenized& text) {
  Keep(count, cut_side, text.ids);
  Keep(count, cut_side, text.offsets);
}

void AppendSpecial(const TemplatePart& part, Encoding& out) {
  out.ids.push_back(part.id);
  out.type_ids.push_back(part.type_id);
  out.offsets.push_back({0, 0});
  out.special_tokens_mask.push_back(1);
}

void AppendText(const Tokenized& text, std::int32_t type_id, Encoding& out) {
  out.ids.insert(out.ids.end(), text.ids.begin(), text.ids.end());
  out.type_ids.insert(out.type_ids.end(), text.ids.size(), type_id);
  out.offsets.insert(out.offsets.end(), text.offsets.begin(), text.offsets.end());
  out.special_tokens_mask.insert(out.special_tokens_mask.end(), text.ids.size(), 0);
}

Encoding Assemble(const Template& parts, const Tokenized& first, const Tokenized& second,
                  bool add_special_tokens) {
  Encoding out;
  for (const TemplatePart& part : parts) {
    if (part.kind == TemplatePart::Kind::kFirst) {
      AppendText(first, part.type_id, out);
    } else if (part.kind == TemplatePart::Kind::kSecond) {
      AppendText(second, part.type_id, out);
    } else if (add_special_tokens) {
      AppendSpecial(part, out);
    }
  }
  return out;
}

// Appends the ids of the text itself, at most `room`. Returns how many were cut, as EncodeIds.
std::size_t AppendTextIds(const Tokenizer::Parts& parts, std::string_view text,
                          const EncodeOptions& options, std::size_t room, bool stop_early,
                          std::vector<std::int32_t>& ids) {
  const bool right = CutSide(parts, options) == Side::kRight;
  // A strategy that can't cut a single text must find out by itself.
  const bool plain = options.truncation != Truncation::kOnlySecond || room == 0;
  if (parts.fast_path != nullptr && right && plain) {
    const std::size_t before = ids.size();
    const std::size_t tokens = parts.fast_path->Encode(text, {room, stop_early}, ids);
    const std::size_t cut = tokens - (ids.size() - before);
    return stop_early ? std::min<std::size_t>(cut, 1) : cut;
  }
  std::vector<std::int32_t> all;
  if (parts.fast_path != nullptr) {
    parts.fast_path->Encode(text, {kNoLimit}, all);
  } else {
    all = TokenizeStepByStep(parts, text, false).ids;
  }
  const std::size_t kept = Truncate(all.size(), std::nullopt, room, options.truncation).first;
  const std::size_t cut = all.size() - kept;
  Keep(kept, CutSide(parts, options), all);
  ids.insert(ids.end(), all.begin(), all.end());
  return stop_early && right ? std::min<std::size_t>(cut, 1) : cut;
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::Load(const Folder& folder, const TokenizerOptions& options) {
  return Tokenizer(Parts::Read(folder, options));
}

Encoding Tokenizer::Encode(std::string_view text, const EncodeOptions& options) const {
  CheckText(text, "the text");
  const std::size_t room = Room(*parts_, options, false);
  Tokenized first = Tokenize(*parts_, text);
  const std::size_t all = first.ids.size();
  const std::size_t kept = Truncate(all, std::nullopt, room, options.truncation).first;
  Keep(kept, CutSide(*parts_, options), first);
  Encoding out = Assemble(parts_->post_processor.single, first, {}, options.add_special_tokens);
  out.cut_tokens = all - kept;
  return out;
}

Encoding Tokenizer::EncodePair(std::string_view first_text, std::string_view second_text,
                               const EncodeOptions& options) const {
  CheckText(first_text, "the first text");
  CheckText(second_text, "the second text");
  const std::size_t room = Room(*parts_, options, true);
  Tokenized first = Tokenize(*parts_, first_text);
  Tokenized second = Tokenize(*parts_, second_text);
  const std::size_t all = first.ids.size() + second.ids.size();
  const KeptTokens kept = Truncate(first.ids.size(), second.ids.size(), room, options.truncation);
  Keep(kept.first, CutSide(*parts_, options), first);
  Keep(kept.second, CutSide(*parts_, options), second);
  Encoding out = Assemble(parts_->post_processor.pair, first, second, options.add_special_tokens);
  out.cut_tokens = all - kept.first - kept.second;
  return out;
}

std::vector<Encoding> Tokenizer::EncodeBatch(std::span<const std::string_view> texts,
                                             ThreadPool& pool, const EncodeOptions& options) const {
  std::vector<Encoding> encodings(texts.size());
  pool.ParallelFor(texts.size(), [&](std::size_t i, std::size_t) {
    try {
      encodings[i] = Encode(texts[i], options);
    } catch (const Error& error) {
      throw Error(error.code(), Format("text {}: {}", i, error.what()));
    }
  });
  return encodings;
}

std::size_t Tokenizer::EncodeIds(std::string_view text, const EncodeOptions& options,
                                 std::vector<std::int32_t>& ids, bool stop_early) const {
  CheckText(text, "the text");
  const std::size_t room = Room(*parts_, options, false);
  const std::size_t before = ids.size();
  std::size_t cut = 0;
  try {
    for (const TemplatePart& part : parts_->post_processor.single) {
      if (part.kind == TemplatePart::Kind::kFirst) {
        cut = AppendTextIds(*parts_, text, options, room, stop_early, ids);
      } else if (options.add_special_tokens) {
        ids.push_back(part.id);
      }
    }
  } catch (...) {
    ids.resize(before);
    throw;
  }
  return cut;
}

std::string Tokenizer::Decode(std::span<const std::int32_t> ids, bool skip_special_tokens) const {
  std::vector<std::string> tokens;
  for (const std::int32_t id : ids) {
    const AddedTokens::Item* const added = parts_->added_tokens.Find(id);
    const auto text = added != nullptr ? std::optional<std::string_view>(added->shown)
                                       : parts_->model->vocabulary().TokenOf(id);
    if (!text || (skip_special_tokens && parts_->added_tokens.IsSpecial(*text))) continue;
    tokens.emplace_back(*text);
  }
  std::string out;
  if (parts_->decoder != nullptr) {
    parts_->decoder->Decode(tokens);
    for (const std::string& token : tokens) out += token;
    return out;
  }
  for (const std::string& token : tokens) {
    if (&token != &tokens.front()) out += ' ';
    out += token;
  }
  return out;
}

std::string_view Tokenizer::TokenOf(std::int32_t id) const {
  if (const auto* const added = parts_->added_tokens.Find(id)) return added->shown;
  const auto token = parts_->model->vocabulary().TokenOf(id);
  if (!token) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("no token has id {}; ids end at {}", id, parts_->IdLimit() - 1));
  }
  return *token;
}

std::optional<std::int32_t> Tokenizer::IdOf(std::string_view token) const {
  return parts_->IdOf(token);
}

std::size_t Tokenizer::vocab_size() const {
  const auto& items = parts_->added_tokens.items();
  const Vocabulary& vocabulary = parts_->model->vocabulary();
  return vocabulary.size() +
         static_cast<std::size_t>(std::count_if(items.begin(), items.end(), [&](const auto& item) {
           return !vocabulary.IdOf(item.token.content);
         }));
}

std::size_t Tokenizer::id_limit() const { return parts_->IdLimit(); }

std::size_t Tokenizer::special_tokens_added(bool pair) const {
  return parts_->post_processor.SpecialTokens(pair);
}

std::size_t Tokenizer::type_id_limit(bool pair) const {
  std::int32_t highest = 0;
  for (const TemplatePart& part : parts_->post_processor.For(pair)) {
    highest = std::max(highest, part.type_id);
  }
  return static_cast<std::size_t>(highest) + 1;
}

const SpecialTokens& Tokenizer::special_tokens() const { return parts_->special_tokens; }

std::optional<std::size_t> Tokenizer::model_max_length() const { return parts_->model_max_length; }

}  // namespace merle
