#include "tokenizers/vocabulary.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cache_entry.h"
#include "base/error.h"
#include "base/flat_array.h"
#include "base/format.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "tokenizers/ascii_block.h"
#include "tokenizers/short_words.h"
#include "tokenizers/trie.h"

namespace merle {
namespace {

[[noreturn]] void Fail(const std::string& problem) {
  throw Error(ErrorCode::kInvalidArgument, problem);
}

// Ids above it would be an embedding table with more holes than rows.
std::size_t IdLimit(std::size_t tokens) {
  return std::min<std::size_t>(2 * tokens + 4096, Vocabulary::kMostIds);
}

struct Sizes {
  std::size_t bytes = 0;
  std::size_t id_limit = 0;
};

// Throws if `tokens` are more than a vocabulary can be.
Sizes SizesOf(const std::vector<Vocabulary::Token>& tokens) {
  if (tokens.size() > Vocabulary::kMostTokens) {
    Fail(Format("more than {} tokens", Vocabulary::kMostTokens));
  }
  Sizes sizes;
  for (const auto& [text, id] : tokens) {
    if (id < 0 || static_cast<std::size_t>(id) >= IdLimit(tokens.size())) {
      Fail(Format("token {} has id {}, but ids of {} tokens must be 0 to {}", Quoted(text), id,
                  tokens.size(), IdLimit(tokens.size()) - 1));
    }
    if (text.size() > Vocabulary::kMostTokenBytes) {
      Fail(Format("token {} is longer than {} bytes", Quoted(text), Vocabulary::kMostTokenBytes));
    }
    sizes.bytes += text.size();
    sizes.id_limit = std::max(sizes.id_limit, static_cast<std::size_t>(id) + 1);
  }
  if (sizes.bytes > Vocabulary::kMostBytes) {
    Fail(Format("the tokens have {} bytes, at most {} are read", sizes.bytes,
                Vocabulary::kMostBytes));
  }
  return sizes;
}

}  // namespace

Vocabulary::Vocabulary(const std::vector<Token>& tokens) {
  SetTexts(TextsOf(tokens));
  std::vector<Trie::Entry> entries;
  std::vector<ShortWords::Entry> words;
  entries.reserve(size_);
  ForEach([&](std::string_view token, std::int32_t id) {
    if (token.empty()) return;
    entries.push_back({token, id});
    if (std::ranges::all_of(token, IsAsciiLetterOrDigit)) words.push_back({token, id});
  });
  trie_ = Trie(std::move(entries));
  short_words_ = ShortWords(words);
}

Vocabulary::Texts Vocabulary::TextsOf(const std::vector<Token>& tokens) {
  const Sizes sizes = SizesOf(tokens);
  std::vector<char> all;
  all.reserve(sizes.bytes);
  std::vector<Place> places(sizes.id_limit);
  bool has_empty = false;
  for (const auto& [text, id] : tokens) {
    Place& place = places[static_cast<std::size_t>(id)];
    if (place.bytes != kNoToken) {
      Fail(Format("{} and {} have the same id {}",
                  Quoted(std::string_view(all.data() + place.begin, place.bytes)), Quoted(text),
                  id));
    }
    if (text.empty() && std::exchange(has_empty, true)) Fail("the empty token stands twice");
    place = {static_cast<std::uint32_t>(all.size()), static_cast<std::uint32_t>(text.size())};
    all.insert(all.end(), text.begin(), text.end());
  }
  return {FlatArray(std::move(all)), FlatArray(std::move(places))};
}

void Vocabulary::SetTexts(Texts texts) {
  texts_ = std::move(texts);
  for (std::size_t id = 0; id < id_limit(); ++id) {
    if (texts_.places[id].bytes == kNoToken) continue;
    ++size_;
    if (texts_.places[id].bytes == 0) empty_ = static_cast<std::int32_t>(id);
  }
}

std::vector<std::span<const std::byte>> Vocabulary::Fields() const {
  return {texts_.all.bytes(), texts_.places.bytes(), trie_.nodes().bytes(),
          short_words_.slots().bytes()};
}

std::optional<Vocabulary> Vocabulary::FromFields(CachedFields& fields) {
  auto all = fields.Next<char>();
  auto places = fields.Next<Place>();
  auto nodes = fields.Next<Trie::Node>();
  auto slots = fields.Next<ShortWords::Slot>();
  if (!all || !places || !nodes || !slots || places->size() > kMostIds) return std::nullopt;
  const auto id_limit = static_cast<std::int32_t>(places->size());
  Texts texts = {*std::move(all), *std::move(places)};
  auto trie = Trie::FromNodes(*std::move(nodes), id_limit);
  auto short_words = ShortWords::FromSlots(*std::move(slots), id_limit);
  if (!texts.AreSound() || !trie || !short_words) return std::nullopt;
  Vocabulary vocabulary;
  vocabulary.SetTexts(std::move(texts));
  vocabulary.trie_ = *std::move(trie);
  vocabulary.short_words_ = *std::move(short_words);
  return vocabulary;
}

bool Vocabulary::Texts::AreSound() const {
  if (FindInvalidUtf8({all.data(), all.size()})) return false;
  const auto cuts_a_character = [&](std::size_t at) {
    return at < all.size() && (static_cast<unsigned char>(all[at]) & 0xC0) == 0x80;
  };
  return std::ranges::all_of(places, [&](Place place) {
    if (place.bytes == kNoToken) return true;
    const std::size_t begin = place.begin, end = begin + place.bytes;
    return end <= all.size() && !cuts_a_character(begin) && !cuts_a_character(end);
  });
}

std::optional<std::int32_t> Vocabulary::IdOf(std::string_view token) const {
  if (token.empty()) return empty_;
  const std::int32_t id = trie_.Find(token);
  return id < 0 ? std::nullopt : std::optional(id);
}

std::optional<std::string_view> Vocabulary::TokenOf(std::int32_t id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= id_limit()) return std::nullopt;
  const Place& place = texts_.places[static_cast<std::size_t>(id)];
  if (place.bytes == kNoToken) return std::nullopt;
  return std::string_view(texts_.all.data() + place.begin, place.bytes);
}

}  // namespace merle
