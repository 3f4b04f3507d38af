#include "tokenizers/bert_characters.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/cache_entry.h"
#include "base/flat_array.h"
#include "base/format.h"
#include "base/utf8.h"
#include "tokenizers/bert_normalizer.h"
#include "tokenizers/tables_version.h"
#include "tokenizers/unicode_class.h"

namespace merle {
namespace {

using Kind = BertCharacter::Kind;

constexpr BertCharacter kDropped = {Kind::kAppend, 0, {}};
constexpr BertCharacter kSpaceCharacter = {Kind::kSpace, 0, {}};
constexpr BertCharacter kHardCharacter = {Kind::kHard, 0, {}};

// Puts the code points of a character together.
class Builder {
 public:
  // Takes a code point that is normalized.
  void Add(char32_t c) {
    const std::uint8_t classes = UnicodeClasses(c);
    char utf8[4];
    const auto bytes = static_cast<std::size_t>(EncodeUtf8(c, utf8) - utf8);
    const bool cuts = (classes & (kSpace | kPunctuation)) != 0;
    // Only a code point alone may cut words.
    hard_ |= out_.kind != Kind::kAppend || (cuts && out_.bytes > 0) ||
             out_.bytes + bytes > sizeof out_.utf8;
    if (hard_) return;
    if ((classes & kPunctuation) != 0) out_.kind = Kind::kAlone;
    if ((classes & kSpace) != 0) out_.kind = Kind::kSpace;
    for (std::size_t i = 0; i < bytes; ++i) out_.utf8[out_.bytes++] = utf8[i];
  }
  void Refuse() { hard_ = true; }

  BertCharacter Take() const { return hard_ ? kHardCharacter : out_; }

 private:
  BertCharacter out_ = kDropped;
  bool hard_ = false;
};

BertCharacter Make(char32_t c, const BertNormalizerOptions& options) {
  const std::uint8_t classes = UnicodeClasses(c);
  if (options.clean_text && (classes & kOther) != 0) return kDropped;
  if (options.clean_text && (classes & kSpace) != 0) return kSpaceCharacter;
  Builder builder;
  const auto add_lowered = [&](char32_t part) {
    if (!options.lowercase) return builder.Add(part);
    for (const char32_t lower : LowerCase(part)) builder.Add(lower);
  };
  if ((classes & kIdeograph) != 0) builder.Refuse();
  if (!options.strip_accents) {
    add_lowered(c);
    return builder.Take();
  }
  for (const char32_t part : Decompose(c, Decomposition::kCanonical)) {
    if (HasClass(part, kNonspacing)) continue;
    if (CombiningClass(part) != 0) builder.Refuse();  // It would change places with others.
    add_lowered(part);
  }
  return builder.Take();
}

std::optional<FlatArray<BertCharacter>> Take(const CacheEntry& entry) {
  auto fields = entry.Open();
  auto table = fields ? fields->Next<BertCharacter>() : std::nullopt;
  if (!table || !fields->empty() || table->size() != BertCharacters::kEnd) return std::nullopt;
  const bool sound = std::ranges::all_of(
      *table, [](BertCharacter c) { return c.kind <= Kind::kHard && c.bytes <= sizeof c.utf8; });
  return sound ? std::move(table) : std::nullopt;
}

}  // namespace

CacheEntry BertCharacters::EntryOf(const BertNormalizerOptions& options,
                                   const std::string& cache_folder) {
  return {cache_folder,
          Format("characters {} {} {:d}{:d}{:d}{:d}", kTablesVersion, UnicodeLibraryVersion(),
                 options.clean_text, options.handle_chinese_chars, options.strip_accents,
                 options.lowercase)};
}

BertCharacters::BertCharacters(const BertNormalizerOptions& options,
                               const std::string& cache_folder) {
  const CacheEntry entry = EntryOf(options, cache_folder);
  if (auto kept = Take(entry)) {
    table_ = *std::move(kept);
    return;
  }
  std::vector<BertCharacter> table;
  table.reserve(kEnd);
  for (char32_t c = 0; c < kEnd; ++c) table.push_back(Make(c, options));
  table_ = FlatArray(std::move(table));
  entry.Store(std::array{table_.bytes()});
}

}  // namespace merle
