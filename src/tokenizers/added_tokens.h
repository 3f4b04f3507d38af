// Tokens beside the model's: found in the text as they are, before it is cut into words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json_reader.h"
#include "tokenizers/normalizer.h"
#include "tokenizers/pre_tokenizer.h"
#include "tokenizers/trie.h"
#include "tokenizers/vocabulary.h"

namespace merle {

struct AddedToken {
  std::string content;
  bool single_word = false;  // Only where no word character stands beside it.
  bool lstrip = false;       // Takes the white space before it.
  bool rstrip = false;       // And after it.
  bool normalized = true;    // Is itself normalized, and found in the normalized text.
  bool special = false;      // Left out by Decode where asked.

  static AddedToken FromJson(const JsonValue& json);
};

// Immutable after construction; may be used in several threads. Peer: AddedVocabulary of
// tokenizers.
class AddedTokens {
 public:
  AddedTokens() = default;  // None.

  // A token that the vocabulary has keeps its id; the others get the ids after the vocabulary's, in
  // order, whatever the file says: so does the reference. Of equal contents the last one counts.
  // Throws kInvalidArgument if two tokens look the same once normalized, or one becomes empty or is
  // longer than Vocabulary::kMostTokenBytes.
  AddedTokens(const std::vector<AddedToken>& tokens, const Vocabulary& vocabulary,
              const Normalizer* normalizer);

  // Cuts `text` (UTF-8) at the added tokens and normalizes what is between them.
  PreTokens Extract(std::string_view text, const Normalizer* normalizer, bool aligned) const;

  struct Item {
    AddedToken token;
    std::string shown;  // The content, normalized if the token is: how the reference shows it.
    std::int32_t id;
  };
  const std::vector<Item>& items() const { return items_; }
  const Item* Find(std::int32_t id) const;
  std::optional<std::int32_t> IdOf(std::string_view content) const;
  // Whether `text` is the content of a special token.
  bool IsSpecial(std::string_view text) const;

 private:
  // Finds tokens, leftmost first, then longest. Calls part(begin, end, index of the item or -1) for
  // each part of `text`, in order.
  struct Matcher {
    Trie trie;              // Values are indices of items.
    bool starts[256] = {};  // The first bytes of the tokens.
    bool empty = true;
  };
  template <typename Part>
  void Match(const Matcher& matcher, std::string_view text, Part&& part) const;
  static Matcher MakeMatcher(const std::vector<Item>& items, bool normalized);

  std::vector<Item> items_;
  std::unordered_map<std::int32_t, std::size_t> by_id_;  // Indices of items.
  std::unordered_map<std::string, std::size_t> by_content_;
  Matcher raw_;         // In the text as it is.
  Matcher normalized_;  // In the normalized text.
};

}  // namespace merle
