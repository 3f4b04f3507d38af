#include "tokenizers/added_tokens.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "tokenizers/aligned_text.h"
#include "tokenizers/normalizer.h"
#include "tokenizers/pre_tokenizer.h"
#include "tokenizers/trie.h"
#include "tokenizers/unicode_class.h"
#include "tokenizers/vocabulary.h"

namespace merle {
namespace {

std::string NormalizedContent(const AddedToken& token, const Normalizer* normalizer) {
  if (!token.normalized || normalizer == nullptr) return token.content;
  AlignedText text(0, false);
  text.AppendOriginal(token.content, 0);
  normalizer->Normalize(text);
  return std::string(text.text());
}

// The offset of the character that ends at `end`.
std::size_t Before(std::string_view text, std::size_t end) {
  do {
    --end;
  } while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  return end;
}

bool StandsAlone(std::string_view text, std::size_t begin, std::size_t end) {
  const bool word_before =
      begin > 0 && IsWordCharacter(DecodeUtf8(text, Before(text, begin)).value);
  const bool word_after = end < text.size() && IsWordCharacter(DecodeUtf8(text, end).value);
  return !word_before && !word_after;
}

std::size_t SkipSpacesBack(std::string_view text, std::size_t begin) {
  while (begin > 0) {
    const std::size_t before = Before(text, begin);
    if (!HasClass(DecodeUtf8(text, before).value, kSpace)) break;
    begin = before;
  }
  return begin;
}

std::size_t SkipSpaces(std::string_view text, std::size_t end) {
  while (end < text.size()) {
    const CodePoint c = DecodeUtf8(text, end);
    if (!HasClass(c.value, kSpace)) break;
    end += c.bytes;
  }
  return end;
}

}  // namespace

AddedToken AddedToken::FromJson(const JsonValue& json) {
  AddedToken token;
  token.content = json.At("content").AsString();
  token.single_word = json.At("single_word").AsBool();
  token.lstrip = json.At("lstrip").AsBool();
  token.rstrip = json.At("rstrip").AsBool();
  token.normalized = json.At("normalized").AsBool();
  token.special = json.At("special").AsBool();
  return token;
}

namespace {

// Of all added tokens: some models have ten thousand of ten bytes. The matcher takes a microsecond
// and 30 bytes of memory for each.
constexpr std::size_t kMostBytes = 4u << 20;
constexpr std::size_t kMostTokens = 1u << 16;

}  // namespace

AddedTokens::AddedTokens(const std::vector<AddedToken>& tokens, const Vocabulary& vocabulary,
                         const Normalizer* normalizer) {
  auto next_id = static_cast<std::int32_t>(vocabulary.size());
  std::size_t bytes = 0;
  if (tokens.size() > kMostTokens) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("{} added tokens, at most {} are read", tokens.size(), kMostTokens));
  }
  for (const AddedToken& token : tokens) {
    if (token.content.empty()) continue;
    bytes += token.content.size();
    if (bytes > kMostBytes) {
      throw Error(ErrorCode::kInvalidArgument,
                  Format("the added tokens have more than {} bytes together", kMostBytes));
    }
    if (token.content.size() > Vocabulary::kMostTokenBytes) {
      throw Error(ErrorCode::kInvalidArgument,
                  Format("the added token {} is longer than {} bytes", Quoted(token.content),
                         Vocabulary::kMostTokenBytes));
    }
    Item item = {token, NormalizedContent(token, normalizer), 0};
    if (const auto known = by_content_.find(token.content); known != by_content_.end()) {
      item.id = items_[known->second].id;
      items_[known->second] = std::move(item);
      continue;
    }
    const auto id = vocabulary.IdOf(token.content);
    item.id = id ? *id : next_id++;
    if (const auto other = vocabulary.TokenOf(item.id); !id && other) {
      throw Error(ErrorCode::kInvalidArgument,
                  Format("the added token {} gets id {}, which is that of {}",
                         Quoted(token.content), item.id, Quoted(*other)));
    }
    by_content_.emplace(token.content, items_.size());
    by_id_.emplace(item.id, items_.size());
    items_.push_back(std::move(item));
  }
  raw_ = MakeMatcher(items_, false);
  normalized_ = MakeMatcher(items_, true);
}

AddedTokens::Matcher AddedTokens::MakeMatcher(const std::vector<Item>& items, bool normalized) {
  Matcher matcher;
  std::vector<Trie::Entry> entries;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].token.normalized != normalized) continue;
    if (items[i].shown.empty()) {
      throw Error(ErrorCode::kInvalidArgument,
                  Format("nothing is left of the added token {} once it is normalized",
                         Quoted(items[i].token.content)));
    }
    if (items[i].shown.size() > Vocabulary::kMostTokenBytes) {
      throw Error(ErrorCode::kInvalidArgument,
                  Format("the added token {} is longer than {} bytes once it is normalized",
                         Quoted(items[i].token.content), Vocabulary::kMostTokenBytes));
    }
    entries.push_back({items[i].shown, static_cast<std::int32_t>(i)});
    matcher.starts[static_cast<unsigned char>(items[i].shown[0])] = true;
  }
  matcher.empty = entries.empty();
  matcher.trie = Trie(std::move(entries));
  return matcher;
}

// As the reference: a match that single_word rejects still hides the matches inside it, and one
// that takes white space on its right does not hide matches there.
template <typename Part>
void AddedTokens::Match(const Matcher& matcher, std::string_view text, Part&& part) const {
  std::size_t done = 0;  // Parts were emitted up to here.
  for (std::size_t i = 0; !matcher.empty && i < text.size();) {
    if (!matcher.starts[static_cast<unsigned char>(text[i])]) {
      ++i;
      continue;
    }
    const Trie::Match match = matcher.trie.Longest(Trie::kRoot, text.substr(i));
    if (match.value < 0) {
      ++i;
      continue;
    }
    const AddedToken& token = items_[static_cast<std::size_t>(match.value)].token;
    std::size_t begin = i, end = i + match.bytes;
    i = end;
    if (token.single_word && !StandsAlone(text, begin, end)) continue;
    if (token.lstrip) begin = std::max(SkipSpacesBack(text, begin), done);
    if (token.rstrip) end = SkipSpaces(text, end);
    if (done < begin) part(done, begin, -1);
    part(begin, end, match.value);
    done = end;
  }
  if (done != text.size()) part(done, text.size(), -1);
}

PreTokens AddedTokens::Extract(std::string_view text, const Normalizer* normalizer,
                               bool aligned) const {
  PreTokens out{AlignedText(0, aligned), {}};
  std::uint32_t character = 0;  // Where the next part begins in the text.
  std::size_t counted = 0;
  const auto emit = [&](const AlignedText& from, std::size_t begin, std::size_t end, int item) {
    if (begin == end) return;
    const std::size_t start = out.text.text().size();
    out.text.Append(from, begin, end);
    std::optional<std::int32_t> id;
    if (item >= 0) id = items_[static_cast<std::size_t>(item)].id;
    out.parts.push_back({start, out.text.text().size(), id});
  };
  Match(raw_, text, [&](std::size_t begin, std::size_t end, int item) {
    if (aligned && begin >= counted) {
      character +=
          static_cast<std::uint32_t>(CountCodePoints(text.substr(counted, begin - counted)));
    } else if (aligned) {  // Two tokens may share white space.
      character -= static_cast<std::uint32_t>(CountCodePoints(text.substr(begin, counted - begin)));
    }
    counted = begin;
    AlignedText segment(character, aligned);
    segment.AppendOriginal(text.substr(begin, end - begin), character);
    if (item >= 0) return emit(segment, 0, segment.text().size(), item);
    if (normalizer != nullptr) normalizer->Normalize(segment);
    Match(normalized_, segment.text(),
          [&](std::size_t from, std::size_t to, int inner) { emit(segment, from, to, inner); });
  });
  return out;
}

const AddedTokens::Item* AddedTokens::Find(std::int32_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &items_[found->second];
}

std::optional<std::int32_t> AddedTokens::IdOf(std::string_view content) const {
  const auto found = by_content_.find(std::string(content));
  return found == by_content_.end() ? std::nullopt : std::optional(items_[found->second].id);
}

bool AddedTokens::IsSpecial(std::string_view text) const {
  const auto found = by_content_.find(std::string(text));
  return found != by_content_.end() && items_[found->second].token.special;
}

}  // namespace merle
