#include "tokenizers/bert_fast_path.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tokenizers/added_tokens.h"
#include "tokenizers/bert_normalizer.h"
#include "tokenizers/model.h"
#include "tokenizers/normalizer.h"
#include "tokenizers/pre_tokenizer.h"
#include "tokenizers/pre_tokenizers.h"
#include "tokenizers/trie.h"
#include "tokenizers/unicode_class.h"

namespace merle {
namespace {

// Longer words of a model with a higher limit go the general way.
constexpr std::size_t kMostCharactersOfWord = 256;

}  // namespace

// The state of one Encode.
class BertFastPath::Run {
 public:
  Run(const BertFastPath& path, std::string_view text, Limit limit, std::vector<std::int32_t>& ids)
      : path_(path),
        text_(text),
        limit_(limit),
        ids_(ids),
        ids_before_(ids.size()),
        longest_word_(4 * path.model_.max_input_chars_per_word()) {}

  std::size_t Encode() {
    while (at_ < text_.size() && !KnowsEnough()) {
      if (path_.word_[Byte()] != 0) {
        AppendAsciiWord();
      } else if (!TakeAddedToken()) {
        if (Byte() < 0x80) {
          TakeAscii();
        } else {
          TakeNonAscii();
        }
      }
    }
    EndWord();
    return tokens_;
  }

 private:
  bool KnowsEnough() const { return limit_.stop_early && tokens_ > limit_.tokens; }

  unsigned char Byte() const { return static_cast<unsigned char>(text_[at_]); }

  // Runs over word characters while the word has room. One byte more than the longest word is
  // enough to know that it is too long.
  void AppendAsciiWord() {
    const std::size_t room = longest_word_ + 1 - std::min(word_bytes_, longest_word_ + 1);
    const char* const begin = text_.data() + at_;
    const char* const end = begin + std::min(room, text_.size() - at_);
    const char* in = begin;
    char* out = word_.data() + word_bytes_;
    for (char c; in < end && (c = path_.word_[static_cast<unsigned char>(*in)]) != 0; ++in) {
      *out++ = c;
    }
    word_bytes_ += static_cast<std::size_t>(in - begin);
    at_ += static_cast<std::size_t>(in - begin);
    if (in == begin) ++at_;  // No room: the word is too long already.
  }

  bool TakeAddedToken() {
    if (!path_.starts_added_[Byte()]) return false;
    const Trie::Match match = path_.added_.Longest(Trie::kRoot, text_.substr(at_));
    if (match.value < 0) return false;
    EndWord();
    ids_.push_back(match.value);
    Count(1);
    at_ += match.bytes;
    return true;
  }

  void TakeAscii() {
    const char c = text_[at_++];
    switch (path_.actions_[static_cast<unsigned char>(c)]) {
      case Action::kDrop:
        break;
      case Action::kSpace:
        EndWord();
        break;
      case Action::kPunctuation:
        EndWord();
        ids_.push_back(path_.punctuation_[static_cast<unsigned char>(c)]);
        Count(1);
        break;
      case Action::kWord:  // It starts an added token, which is not there.
        AppendToWord(path_.options_.lowercase ? LowerCase(static_cast<char32_t>(c)).values[0]
                                              : static_cast<char32_t>(c));
        break;
    }
  }

  // Takes a run of characters that are not ASCII, and the ASCII ones among them that cleaning
  // drops: marks on both sides of those stand in one order.
  void TakeNonAscii() {
    do {
      if (Byte() < 0x80) {
        ++at_;
        continue;
      }
      const CodePoint c = DecodeUtf8(text_, at_);
      at_ += c.bytes;
      Clean(c.value);
    } while (at_ < text_.size() && !KnowsEnough() && !path_.starts_added_[Byte()] &&
             (Byte() >= 0x80 || path_.actions_[Byte()] == Action::kDrop));
    EndMarks();
  }

  void Clean(char32_t c) {
    const std::uint8_t classes = UnicodeClasses(c);
    if (path_.options_.clean_text) {
      if (c == 0xFFFD || (classes & kOther) != 0) return;
      if ((classes & kSpace) != 0) c = U' ';
    }
    const bool alone = path_.options_.handle_chinese_chars && (classes & kIdeograph) != 0;
    if (alone) EndMarks();
    if (alone) EndWord();
    if (path_.options_.strip_accents) {
      for (const char32_t part : Decompose(c, Decomposition::kCanonical)) TakeDecomposed(part);
    } else {
      TakeNormalized(c);
    }
    if (alone) EndWord();
  }

  // Drops nonspacing marks. The few other marks wait for the next letter, to be put in order.
  void TakeDecomposed(char32_t c) {
    const bool drop = HasClass(c, kNonspacing);
    if (const int its_class = CombiningClass(c); its_class != 0) {
      if (!drop) marks_.push_back({its_class, c});
      return;
    }
    EndMarks();
    if (!drop) TakeNormalized(c);
  }

  void EndMarks() {
    if (marks_.empty()) return;
    std::stable_sort(marks_.begin(), marks_.end(), [](const Mark& a, const Mark& b) {
      return a.combining_class < b.combining_class;
    });
    for (const Mark& mark : marks_) TakeNormalized(mark.value);
    marks_.clear();
  }

  void TakeNormalized(char32_t c) {
    if (!path_.options_.lowercase) return Split(c);
    for (const char32_t lower : LowerCase(c)) Split(lower);
  }

  // BertPreTokenizer, on a character that is normalized.
  void Split(char32_t c) {
    const std::uint8_t classes = UnicodeClasses(c);
    if ((classes & (kSpace | kPunctuation)) == 0) return AppendToWord(c);
    EndWord();
    if ((classes & kSpace) != 0) return;
    AppendToWord(c);
    EndWord();
  }

  void AppendToWord(char32_t c) {
    if (word_bytes_ > longest_word_) return;
    word_bytes_ =
        static_cast<std::size_t>(EncodeUtf8(c, word_.data() + word_bytes_) - word_.data());
  }

  void EndWord() {
    if (word_bytes_ == 0) return;
    if (word_bytes_ > longest_word_) {
      ids_.push_back(path_.model_.unk_id());
      Count(1);
    } else {
      Count(path_.model_.TokenizeIds({word_.data(), word_bytes_}, ids_));
    }
    word_bytes_ = 0;
  }

  // `more` ids were appended; drops those above the limit.
  void Count(std::size_t more) {
    tokens_ += more;
    if (tokens_ > limit_.tokens) ids_.resize(ids_before_ + limit_.tokens);
  }

  struct Mark {
    int combining_class;
    char32_t value;
  };

  const BertFastPath& path_;
  const std::string_view text_;
  const Limit limit_;
  std::vector<std::int32_t>& ids_;
  const std::size_t ids_before_;
  const std::size_t longest_word_;  // Bytes: a longer word has too many characters.
  std::size_t at_ = 0;
  std::size_t tokens_ = 0;
  std::vector<Mark> marks_;
  std::size_t word_bytes_ = 0;
  std::array<char, 4 * kMostCharactersOfWord + 8> word_;
};

std::unique_ptr<const BertFastPath> BertFastPath::Recognize(const Normalizer* normalizer,
                                                            const PreTokenizer* pre_tokenizer,
                                                            const Model& model,
                                                            const AddedTokens& added_tokens) {
  const auto* const bert = dynamic_cast<const BertNormalizer*>(normalizer);
  const auto* const wordpiece = dynamic_cast<const WordPiece*>(&model);
  if (bert == nullptr || wordpiece == nullptr ||
      dynamic_cast<const BertPreTokenizer*>(pre_tokenizer) == nullptr ||
      wordpiece->max_input_chars_per_word() > kMostCharactersOfWord) {
    return nullptr;
  }
  for (const auto& [token, shown, id] : added_tokens.items()) {
    if (token.normalized || token.lstrip || token.rstrip || token.single_word) return nullptr;
  }
  return std::unique_ptr<const BertFastPath>(
      new BertFastPath(bert->options(), *wordpiece, added_tokens));
}

BertFastPath::BertFastPath(const BertNormalizerOptions& options, const WordPiece& model,
                           const AddedTokens& added_tokens)
    : options_(options), model_(model) {
  std::vector<Trie::Entry> entries;
  for (const auto& [token, shown, id] : added_tokens.items()) {
    entries.push_back({token.content, id});
    starts_added_[static_cast<unsigned char>(token.content[0])] = true;
  }
  added_ = Trie(std::move(entries));
  std::vector<std::int32_t> id;
  for (char32_t i = 0; i < 128; ++i) {
    const char c = static_cast<char>(i);
    actions_[i] = ActionOf(c);
    id.clear();
    model_.TokenizeIds({&c, 1}, id);
    punctuation_[i] = id[0];
    if (actions_[i] != Action::kWord || starts_added_[i]) continue;
    word_[i] = options_.lowercase ? static_cast<char>(LowerCase(i).values[0]) : c;
  }
}

BertFastPath::Action BertFastPath::ActionOf(char c) const {
  const std::uint8_t classes = UnicodeClasses(static_cast<char32_t>(c));
  const bool keeps = c == '\t' || c == '\n' || c == '\r';
  if (options_.clean_text && !keeps && (classes & kOther) != 0) return Action::kDrop;
  if ((classes & kSpace) != 0) return Action::kSpace;
  return (classes & kPunctuation) != 0 ? Action::kPunctuation : Action::kWord;
}

std::size_t BertFastPath::Encode(std::string_view text, Limit limit,
                                 std::vector<std::int32_t>& ids) const {
  return Run(*this, text, limit, ids).Encode();
}

}  // namespace merle
