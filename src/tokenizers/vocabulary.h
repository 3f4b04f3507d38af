// The tokens of a model with their ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cache_entry.h"
#include "base/flat_array.h"
#include "tokenizers/short_words.h"
#include "tokenizers/trie.h"

namespace merle {

// Immutable and cheap to copy. Ids are >= 0 and nearly dense: a few may have no token.
class Vocabulary {
 public:
  static constexpr std::int32_t kMostIds = 1 << 24;
  // Of one token, here and among the added ones; the longest that models have are of 128.
  // Bounds what a look at one place of a text can cost.
  static constexpr std::size_t kMostTokenBytes = 256;

  // Of all tokens together: XLM-V, with the largest vocabulary there is, has 0.9 million of some
  // 12 MB. Readers stop there, before they have the rest in memory.
  static constexpr std::size_t kMostTokens = 1 << 21;
  static constexpr std::size_t kMostBytes = 16u << 20;

  struct Token {
    std::string text;
    std::int32_t id;
  };
  // Throws kInvalidArgument if an id is negative, above kMostIds or far above the number of tokens,
  // or stands twice, if a token stands twice or is longer than kMostTokenBytes, or if all is larger
  // than a vocabulary can sensibly be.
  explicit Vocabulary(const std::vector<Token>& tokens);

  // The tables as they lie in memory, to be stored.
  std::vector<std::span<const std::byte>> Fields() const;
  // The vocabulary with the Fields() of another. Nothing unless, whatever else stands in them,
  // every search stays in them and every token is UTF-8.
  static std::optional<Vocabulary> FromFields(CachedFields& fields);

  std::optional<std::int32_t> IdOf(std::string_view token) const;
  // Nothing if `id` has no token. The view lives as long as the vocabulary.
  std::optional<std::string_view> TokenOf(std::int32_t id) const;

  std::size_t size() const { return size_; }  // Tokens.
  std::size_t id_limit() const { return texts_.places.size(); }
  const Trie& trie() const { return trie_; }  // From token to id; without the empty token.
  // The same for short tokens of ASCII letters and digits.
  const ShortWords& short_words() const { return short_words_; }
  // Calls visit(token, id) for each token in the order of the ids.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (std::size_t id = 0; id < id_limit(); ++id) {
      const auto token = TokenOf(static_cast<std::int32_t>(id));
      if (token) visit(*token, static_cast<std::int32_t>(id));
    }
  }

 private:
  struct Place {
    std::uint32_t begin = 0;
    std::uint32_t bytes = kNoToken;
  };
  static constexpr std::uint32_t kNoToken = 0xFFFFFFFF;

  struct Texts {
    FlatArray<char> all;
    FlatArray<Place> places;  // In `all`, by id.

    // Whether every token lies in `all` and is UTF-8.
    bool AreSound() const;
  };
  static Texts TextsOf(const std::vector<Token>& tokens);

  Vocabulary() = default;
  void SetTexts(Texts texts);

  Texts texts_;
  std::size_t size_ = 0;
  std::optional<std::int32_t> empty_;  // The id of the token "".
  Trie trie_;
  ShortWords short_words_{std::span<const ShortWords::Entry>()};
};

}  // namespace merle
