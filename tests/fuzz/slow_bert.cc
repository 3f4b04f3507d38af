#include "slow_bert.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tokenizers/bert_normalizer.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/unicode_class.h"

namespace merle::fuzz {
namespace {

constexpr std::size_t kMostCharactersOfWord = 100;

// "Invalid character removal and whitespace cleanup."
std::u32string CleanText(const std::u32string& text) {
  std::u32string out;
  for (const char32_t c : text) {
    if (c == '\t' || c == '\n' || c == '\r') {
      out += U' ';
    } else if (c != 0 && c != 0xFFFD && !HasClass(c, kOther)) {
      out += HasClass(c, kSpace) ? U' ' : c;
    }
  }
  return out;
}

std::u32string BlanksAroundIdeographs(const std::u32string& text) {
  std::u32string out;
  for (const char32_t c : text) {
    out += HasClass(c, kIdeograph) ? std::u32string{U' ', c, U' '} : std::u32string{c};
  }
  return out;
}

// Canonical decomposition: each character in full, then marks exchanged until they are in order
// (Unicode 15, section 3.11, D109).
std::u32string Nfd(const std::u32string& text) {
  std::u32string out;
  for (const char32_t c : text) {
    for (const char32_t part : Decompose(c, Decomposition::kCanonical)) out += part;
  }
  for (bool exchanged = true; exchanged;) {
    exchanged = false;
    for (std::size_t i = 1; i < out.size(); ++i) {
      const int before = CombiningClass(out[i - 1]), here = CombiningClass(out[i]);
      if (here == 0 || before <= here) continue;
      std::swap(out[i - 1], out[i]);
      exchanged = true;
    }
  }
  return out;
}

std::u32string WithoutMarks(const std::u32string& text) {
  std::u32string out;
  for (const char32_t c : text) {
    if (!HasClass(c, kNonspacing)) out += c;
  }
  return out;
}

std::u32string Lower(const std::u32string& text) {
  std::u32string out;
  for (const char32_t c : text) {
    for (const char32_t lower : LowerCase(c)) out += lower;
  }
  return out;
}

}  // namespace

std::u32string Utf32(std::string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = DecodeUtf8(text, i);
    out += c.value;
    i += c.bytes;
  }
  return out;
}

SlowBert::SlowBert(const Tokenizer& tokenizer, const BertNormalizerOptions& options,
                   const std::vector<std::string>& special)
    : options_(options) {
  for (const std::string& token : special) special_.push_back(Utf32(token));
  for (std::int32_t id = 0; id < static_cast<std::int32_t>(tokenizer.id_limit()); ++id) {
    vocabulary_[Utf32(tokenizer.TokenOf(id))] = id;
  }
}

std::vector<std::int32_t> SlowBert::Encode(std::string_view text) const {
  std::vector<std::int32_t> ids;
  const std::u32string all = Utf32(text);
  std::u32string plain;
  for (std::size_t i = 0; i < all.size();) {
    const std::u32string* found = nullptr;
    for (const std::u32string& token : special_) {
      if (all.compare(i, token.size(), token) == 0) found = &token;
    }
    if (found == nullptr) {
      plain += all[i++];
      continue;
    }
    EncodePlain(std::exchange(plain, {}), ids);
    ids.push_back(vocabulary_.at(*found));
    i += found->size();
  }
  EncodePlain(plain, ids);
  return ids;
}

std::u32string SlowBert::Normalize(const std::u32string& text) const {
  std::u32string now = text;
  if (options_.clean_text) now = CleanText(now);
  if (options_.handle_chinese_chars) now = BlanksAroundIdeographs(now);
  if (options_.strip_accents) now = WithoutMarks(Nfd(now));
  if (options_.lowercase) now = Lower(now);
  return now;
}

// Words are what white space divides, and each punctuation mark.
void SlowBert::EncodePlain(const std::u32string& text, std::vector<std::int32_t>& ids) const {
  std::vector<std::u32string> words = {{}};
  for (const char32_t c : Normalize(text)) {
    if (HasClass(c, kSpace)) {
      words.emplace_back();
    } else if (HasClass(c, kPunctuation)) {
      words.push_back({c});
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  for (const std::u32string& word : words) {
    if (!word.empty()) EncodeWord(word, ids);
  }
}

// Greedy, longest match first.
void SlowBert::EncodeWord(const std::u32string& word, std::vector<std::int32_t>& ids) const {
  std::vector<std::int32_t> pieces;
  bool known = word.size() <= kMostCharactersOfWord;
  for (std::size_t begin = 0; known && begin < word.size();) {
    std::size_t end = word.size();
    for (; end > begin; --end) {
      const auto piece = (begin > 0 ? U"##" : U"") + word.substr(begin, end - begin);
      if (const auto found = vocabulary_.find(piece); found != vocabulary_.end()) {
        pieces.push_back(found->second);
        break;
      }
    }
    known = end > begin;
    begin = end;
  }
  if (!known) pieces = {vocabulary_.at(U"[UNK]")};
  ids.insert(ids.end(), pieces.begin(), pieces.end());
}

}  // namespace merle::fuzz
