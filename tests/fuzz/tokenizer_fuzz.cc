// Fuzzes tokenizer.json, or vocab.txt, together with a text: what is loaded must encode and decode
// any text, with ids and offsets that are in range, and the same ids on all ways.
//
// An input is a file, a zero byte and a text. A file that starts with '{' is tokenizer.json.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "harness.h"
#include "json_mutator.h"
#include "tokenizers/tokenizer.h"

namespace merle::fuzz {
namespace {

// Nothing where Encode refuses the options.
std::optional<Encoding> TryEncode(const Tokenizer& tokenizer, std::string_view text,
                                  const EncodeOptions& options) {
  std::optional<Encoding> encoding;
  Runs([&] { encoding = tokenizer.Encode(text, options); });
  return encoding;
}

void CheckEncoding(const Tokenizer& tokenizer, const Encoding& encoding, std::size_t characters) {
  const std::size_t tokens = encoding.ids.size();
  Require(encoding.type_ids.size() == tokens && encoding.offsets.size() == tokens &&
              encoding.special_tokens_mask.size() == tokens,
          "an encoding's vectors have several sizes");
  for (std::size_t i = 0; i < tokens; ++i) {
    const std::int32_t id = encoding.ids[i];
    Require(id >= 0 && static_cast<std::size_t>(id) < tokenizer.id_limit(), "an id out of range");
    Require(encoding.type_ids[i] >= 0, "a negative type id");
    const Offset offset = encoding.offsets[i];
    Require(offset.begin <= offset.end && offset.end <= characters, "an offset outside the text");
  }
}

// EncodeIds has a way of its own for BERT.
void CheckIds(const Tokenizer& tokenizer, std::string_view text, const EncodeOptions& options) {
  const auto encoding = TryEncode(tokenizer, text, options);
  Require(!encoding || encoding->ids.size() <= options.max_length, "more tokens than max_length");
  for (const bool stop_early : {false, true}) {
    std::vector<std::int32_t> ids = {-7};  // What is there stays there.
    std::size_t cut = 0;
    const bool runs = Runs([&] { cut = tokenizer.EncodeIds(text, options, ids, stop_early); });
    Require(runs == encoding.has_value(), "only one of Encode and EncodeIds throws");
    Require(ids.at(0) == -7, "EncodeIds changed what was there");
    if (!encoding) {
      Require(ids.size() == 1, "EncodeIds left ids when it threw");
      continue;
    }
    Require(std::equal(ids.begin() + 1, ids.end(), encoding->ids.begin(), encoding->ids.end()),
            "EncodeIds gives other ids than Encode");
    Require((cut != 0) == (encoding->cut_tokens != 0), "only one says that something was cut");
    Require(stop_early || cut == encoding->cut_tokens, "EncodeIds cut another number of tokens");
  }
}

// One of all sorts of options, another for each `choice`.
EncodeOptions AnyOptions(std::size_t choice) {
  constexpr std::size_t kLengths[] = {3, 0, 1, 2, 5, kNoLimit};
  EncodeOptions options;
  options.max_length = kLengths[choice / 8 % std::size(kLengths)];
  options.add_special_tokens = choice % 2 == 0;
  options.truncation_side = choice / 2 % 2 != 0 ? Side::kLeft : Side::kRight;
  if (choice / 4 % 2 != 0) options.truncation = Truncation::kOnlySecond;
  return options;
}

void CheckTokens(const Tokenizer& tokenizer) {
  constexpr std::int32_t kMost = 300;
  Require(tokenizer.vocab_size() <= tokenizer.id_limit(), "more tokens than ids");
  const auto limit = static_cast<std::int32_t>(std::min<std::size_t>(tokenizer.id_limit(), kMost));
  for (std::int32_t id = 0; id < limit; ++id) {
    Runs([&] { Require(!FindInvalidUtf8(tokenizer.TokenOf(id)), "a token is not UTF-8"); });
  }
}

void CheckText(const Tokenizer& tokenizer, std::string_view text) {
  const std::size_t characters = CountCodePoints(text);
  const Encoding all = tokenizer.Encode(text);
  CheckEncoding(tokenizer, all, characters);
  CheckIds(tokenizer, text, {});
  CheckIds(tokenizer, text, AnyOptions(text.size()));
  Runs([&] {
    const std::string_view half = text.substr(0, text.size() / 2);
    const std::string first = ReplaceInvalidUtf8(half);
    CheckEncoding(tokenizer, tokenizer.EncodePair(first, text, {.max_length = 9}),
                  std::max(characters, CountCodePoints(first)));
  });
  std::vector<std::int32_t> ids = all.ids;
  ids.insert(ids.end(), {-1, std::numeric_limits<std::int32_t>::max(),
                         static_cast<std::int32_t>(tokenizer.id_limit())});
  for (const bool skip_special_tokens : {false, true}) {
    Require(!FindInvalidUtf8(tokenizer.Decode(ids, skip_special_tokens)),
            "the decoded text is not UTF-8");
  }
}

}  // namespace
}  // namespace merle::fuzz

using namespace merle;
using namespace merle::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ScratchFolder folder;
  const auto parts = SplitAtZeros(TextOf(data, size), 2);
  const bool is_json = parts[0].starts_with('{');
  folder.Remove(is_json ? "vocab.txt" : "tokenizer.json");
  folder.Write(is_json ? "tokenizer.json" : "vocab.txt", parts[0]);
  std::optional<Tokenizer> tokenizer;
  if (!Runs([&] { tokenizer = Tokenizer::Load(folder.path()); })) return 0;
  CheckTokens(*tokenizer);
  const std::string_view text = parts.size() > 1 ? parts[1] : std::string_view();
  if (FindInvalidUtf8(text)) {
    Require(!Runs([&] { tokenizer->Encode(text); }), "a text that is not UTF-8 was encoded");
  }
  CheckText(*tokenizer, ReplaceInvalidUtf8(text));
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  return MutateJsonInput(data, size, max_size, seed);
}
