// Text to token ids and back, as the folder of a model says (tokenizer.json, or BERT's vocab.txt).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/folder.h"

namespace merle {

class ThreadPool;

inline constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

// Where a token stands in its text, in characters (code points), end exclusive. {0, 0} for the
// special tokens that the template adds. The two texts of a pair are counted apart.
struct Offset {
  std::uint32_t begin;
  std::uint32_t end;
  bool operator==(const Offset&) const = default;
};

// What gives way when a pair is longer than max_length.
enum class Truncation {
  kLongestFirst,  // The longer text, down to the length of the other; then both.
  kOnlyFirst,
  kOnlySecond,  // An error for a single text that is too long.
};

enum class Side { kLeft, kRight };

struct EncodeOptions {
  bool add_special_tokens = true;
  // Most tokens of the result, special tokens included. Fewer than these is an error; the reference
  // then cuts nothing.
  std::size_t max_length = kNoLimit;
  Truncation truncation = Truncation::kLongestFirst;
  std::optional<Side> truncation_side = {};  // That tokens are taken from; else the folder's side.
};

// One text, or a pair, as tokens. All vectors have one element a token.
struct Encoding {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> type_ids;  // Segment: 0 for the first text, for BERT 1 for the second.
  std::vector<Offset> offsets;
  std::vector<std::uint8_t> special_tokens_mask;  // 1 where the template added the token.
  std::size_t cut_tokens = 0;                     // Tokens of the text that truncation dropped.
};

struct TokenizerOptions {
  // Lower-cases every text first, unless the folder's normalizer does it anyway: `do_lower_case`
  // of sentence_bert_config.json.
  bool lowercase_first = false;
  // A folder for what can be computed again, here the tables of a vocabulary; empty for none. It
  // makes the next Load fast, is made where it is missing, and may be deleted at any time.
  std::string cache_folder = {};
};

// The ids of the tokens with a role, as the folder names them. Absent where it has none.
struct SpecialTokens {
  std::optional<std::int32_t> cls, sep, pad, unk, mask, bos, eos;
};

// Immutable: const methods may run in several threads. Agrees with the Hugging Face package
// `tokenizers` in ids, offsets and masks. Texts are UTF-8. Of the truncation and padding sections
// of tokenizer.json only the side that is cut counts: the options of the call rule.
class Tokenizer {
 public:
  struct Parts;  // The steps: tokenizers/tokenizer_parts.h, private to this folder.

  // Reads tokenizer.json, or where there is none vocab.txt (BERT), and beside them
  // tokenizer_config.json, special_tokens_map.json and config.json if they are there, as
  // transformers' AutoTokenizer does: for the class BertTokenizer their flags and special tokens
  // count, and of tokenizer.json only the vocabulary and the added tokens. Throws kNotFound if the
  // folder has no tokenizer, kDataLoss if a file is broken, kUnimplemented if it needs a step that
  // Merle lacks; each names the file and what is wrong.
  static Tokenizer Load(const Folder& folder, const TokenizerOptions& options = {});

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // Throws kInvalidArgument if a text is not UTF-8 (naming the byte), if max_length has no room for
  // the special tokens, or if the strategy can't cut enough. The time is linear in the text.
  Encoding Encode(std::string_view text, const EncodeOptions& options = {}) const;
  Encoding EncodePair(std::string_view first, std::string_view second,
                      const EncodeOptions& options = {}) const;

  // Encode of each text, on all threads of `pool`. Errors name the text by its index, from 0.
  std::vector<Encoding> EncodeBatch(std::span<const std::string_view> texts, ThreadPool& pool,
                                    const EncodeOptions& options = {}) const;

  // As Encode, but appends the ids alone to `ids`: the fast path of embedding. Returns cut_tokens,
  // or, with `stop_early` and truncation on the right, just 1 if anything was cut: then no more of
  // a long text is read than is kept, after one check that it is UTF-8.
  std::size_t EncodeIds(std::string_view text, const EncodeOptions& options,
                        std::vector<std::int32_t>& ids, bool stop_early = false) const;

  // The text of `ids`, joined and tidied by the folder's decoder. Unknown ids are skipped, as the
  // reference does. Special tokens are those that the folder marks so.
  std::string Decode(std::span<const std::int32_t> ids, bool skip_special_tokens) const;

  // Throws kInvalidArgument if `id` is no token's. The view lives as long as the tokenizer.
  std::string_view TokenOf(std::int32_t id) const;
  std::optional<std::int32_t> IdOf(std::string_view token) const;

  std::size_t vocab_size() const;  // Tokens, added ones included.
  std::size_t id_limit() const;    // Highest id + 1: an embedding table needs so many rows.
  std::size_t special_tokens_added(bool pair) const;  // By the template, to each text or pair.
  std::size_t type_id_limit(bool pair) const;         // Highest type id it gives, + 1.
  const SpecialTokens& special_tokens() const;
  // `model_max_length` of tokenizer_config.json. Absent where it is missing or above 1e9, which
  // stands for no limit.
  std::optional<std::size_t> model_max_length() const;

 private:
  explicit Tokenizer(std::unique_ptr<const Parts> parts);

  std::unique_ptr<const Parts> parts_;
};

}  // namespace merle
