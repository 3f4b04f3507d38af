// What the small files beside a vocabulary say of a tokenizer: tokenizer_config.json and
// special_tokens_map.json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/folder.h"
#include "base/json_reader.h"
#include "tokenizers/added_tokens.h"
#include "tokenizers/tokenizer.h"

namespace merle {

// A special token's role: its key in tokenizer_config.json and the names it has where no file says.
struct TokenRole {
  std::optional<std::int32_t> SpecialTokens::* id;
  const char* key;
  std::vector<const char*> usual;  // BERT's first.
};

// In the order in which transformers adds them to a vocabulary that lacks them.
const std::vector<TokenRole>& TokenRoles();

// Immutable. Functions throw kDataLoss, with the file and the key, for a value of a wrong kind.
class TokenizerConfig {
 public:
  // Reads the two files as far as they are there.
  explicit TokenizerConfig(const Folder& folder);

  // Whether transformers' AutoTokenizer takes the class BertTokenizer or one that does the same:
  // the class that tokenizer_config.json, then config.json names, or a model_type of "bert".
  bool IsBertTokenizer(const Folder& folder) const;

  bool Flag(std::string_view key, bool otherwise) const;

  // The token in a role, such as "cls_token". special_tokens_map.json comes first, but is not
  // looked at where there is an added_tokens_decoder: so does the reference.
  std::optional<std::string> TokenText(std::string_view key) const;

  // Tokens without a role: additional_special_tokens, extra_special_tokens, and other keys that end
  // in "_token".
  std::vector<std::string> ExtraTokens() const;

  bool has_added_tokens_decoder() const;
  std::vector<AddedToken> AddedTokensDecoder() const;  // In the order of the ids.

  // `model_max_length`; nothing where it stands for no limit.
  std::optional<std::size_t> ModelMaxLength() const;

  // `truncation_side`, if it is there: it beats what tokenizer.json says.
  std::optional<Side> TruncationSide() const;

  // Throws kUnimplemented for settings that change tokens and that Merle does not know.
  void CheckSupported() const;

 private:
  std::optional<JsonDocument> config_;
  std::optional<JsonDocument> special_tokens_map_;
};

}  // namespace merle
