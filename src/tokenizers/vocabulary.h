// The tokens of a model with their ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/trie.h"

namespace merle {

// Immutable. Ids are >= 0 and nearly dense: a few may have no token.
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

  std::optional<std::int32_t> IdOf(std::string_view token) const;
  // Nothing if `id` has no token. The view lives as long as the vocabulary.
  std::optional<std::string_view> TokenOf(std::int32_t id) const;

  std::size_t size() const { return size_; }  // Tokens.
  std::size_t id_limit() const { return places_.size(); }
  const Trie& trie() const { return trie_; }  // From token to id; without the empty token.
  // Calls visit(token, id) for each token in the order of the ids.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (std::size_t id = 0; id < places_.size(); ++id) {
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

  std::size_t size_;
  std::string text_;                   // All tokens.
  std::vector<Place> places_;          // By id.
  std::optional<std::int32_t> empty_;  // The id of the token "".
  Trie trie_;
};

}  // namespace merle
