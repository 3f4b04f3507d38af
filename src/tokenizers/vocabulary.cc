#include "tokenizers/vocabulary.h"

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
#include "base/quote.h"
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

}  // namespace

Vocabulary::Vocabulary(const std::vector<Token>& tokens) : size_(tokens.size()) {
  if (tokens.size() > kMostTokens) Fail(Format("more than {} tokens", kMostTokens));
  std::size_t bytes = 0;
  std::size_t id_limit = 0;
  for (const auto& [text, id] : tokens) {
    if (id < 0 || static_cast<std::size_t>(id) >= IdLimit(tokens.size())) {
      Fail(Format("token {} has id {}, but ids of {} tokens must be 0 to {}", Quoted(text), id,
                  tokens.size(), IdLimit(tokens.size()) - 1));
    }
    if (text.size() > kMostTokenBytes) {
      Fail(Format("token {} is longer than {} bytes", Quoted(text), kMostTokenBytes));
    }
    bytes += text.size();
    id_limit = std::max(id_limit, static_cast<std::size_t>(id) + 1);
  }
  if (bytes > kMostBytes) {
    Fail(Format("the tokens have {} bytes, at most {} are read", bytes, kMostBytes));
  }
  text_.reserve(bytes);
  places_.resize(id_limit);
  for (const auto& [text, id] : tokens) {
    Place& place = places_[static_cast<std::size_t>(id)];
    if (place.bytes != kNoToken) {
      Fail(Format("{} and {} have the same id {}",
                  Quoted(std::string_view(text_).substr(place.begin, place.bytes)), Quoted(text),
                  id));
    }
    place = {static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(text.size())};
    text_ += text;
  }
  std::vector<Trie::Entry> entries;
  entries.reserve(tokens.size());
  ForEach([&](std::string_view token, std::int32_t id) {
    if (!token.empty()) {
      entries.push_back({token, id});
    } else if (empty_) {
      Fail("the empty token stands twice");
    } else {
      empty_ = id;
    }
  });
  trie_ = Trie(std::move(entries));
}

std::optional<std::int32_t> Vocabulary::IdOf(std::string_view token) const {
  if (token.empty()) return empty_;
  const std::int32_t id = trie_.Find(token);
  return id < 0 ? std::nullopt : std::optional(id);
}

std::optional<std::string_view> Vocabulary::TokenOf(std::int32_t id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= places_.size()) return std::nullopt;
  const Place& place = places_[static_cast<std::size_t>(id)];
  if (place.bytes == kNoToken) return std::nullopt;
  return std::string_view(text_).substr(place.begin, place.bytes);
}

}  // namespace merle
