#include "tokenizers/bert_fast_path.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tokenizers/added_tokens.h"
#include "tokenizers/ascii_block.h"
#include "tokenizers/bert_characters.h"
#include "tokenizers/bert_normalizer.h"
#include "tokenizers/bert_word.h"
#include "tokenizers/model.h"
#include "tokenizers/normalizer.h"
#include "tokenizers/pre_tokenizer.h"
#include "tokenizers/pre_tokenizers.h"
#include "tokenizers/short_words.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/trie.h"
#include "tokenizers/unicode_class.h"
#include "tokenizers/vocabulary.h"

namespace merle {

// The state of one Encode.
template <bool kOffsets>
class BertFastPath::Run {
 public:
  Run(const BertFastPath& path, std::string_view text, Limit limit, std::vector<std::int32_t>& ids,
      std::vector<Offset>* offsets)
      : path_(path),
        text_(text),
        limit_(limit),
        ids_(ids),
        offsets_(offsets),
        longest_direct_(std::min(path.model_.max_input_chars_per_word(), ShortWords::kMostBytes)),
        tail_begin_(text.size() - std::min(text.size(), AsciiBlock::kBytes)),
        word_(path.model_.max_input_chars_per_word()) {
    text.copy(tail_.data(), AsciiBlock::kBytes, tail_begin_);
  }

  std::size_t Encode() {
    while (at_ < text_.size() && !KnowsEnough()) {
      if (!TakeWord()) TakeOther();
    }
    EndWord();
    return tokens_;
  }

  bool offsets_are_exact() const { return offsets_are_exact_; }

 private:
  bool KnowsEnough() const { return limit_.stop_early && tokens_ > limit_.tokens; }

  unsigned char Byte() const { return static_cast<unsigned char>(text_[at_]); }
  std::uint32_t Character() const { return static_cast<std::uint32_t>(at_ - more_bytes_); }

  // The next 16 bytes; after the end of the text, zeros.
  AsciiBlock NextBlock() const {
    const bool inside = at_ + AsciiBlock::kBytes <= text_.size();
    return AsciiBlock(inside ? text_.data() + at_ : tail_.data() + (at_ - tail_begin_));
  }

  // Takes ASCII letters and digits, if some come next: the rule, and so the fast way.
  bool TakeWord() {
    if (!path_.words_in_blocks_) return false;
    AsciiBlock block = NextBlock();
    const std::size_t bytes = block.WordBytes();
    if (bytes == 0) return false;
    block.Lower(path_.options_.lowercase ? 0x20 : 0);
    const std::size_t end = at_ + bytes;
    const bool ends =
        end == text_.size() ||
        (bytes < AsciiBlock::kBytes && path_.ends_word_[static_cast<unsigned char>(text_[end])]);
    if (ends && word_.empty() && bytes <= longest_direct_) {
      block.Keep(bytes);
      const auto key = ShortWords::KeyOf(block.Half(0), block.Half(1), bytes);
      if (const std::int32_t id = path_.short_words_.Find(key); id >= 0) {
        Emit(id, {Character(), Character() + static_cast<std::uint32_t>(bytes)});
        at_ = end + (end < text_.size() && text_[end] == ' ' && path_.blanks_end_words_ ? 1 : 0);
        return true;
      }
    }
    word_.Append(block, bytes, Character());
    at_ = end;
    if (ends) EndWord();
    return true;
  }

  void TakeOther() {
    if (TakeAddedToken()) return;
    if (Byte() < 0x80) {
      TakeAscii();
    } else {
      TakeNonAscii();
    }
  }

  bool TakeAddedToken() {
    if (!path_.starts_added_[Byte()]) return false;
    const Trie::Match match = path_.added_.Longest(Trie::kRoot, text_.substr(at_));
    if (match.value < 0) return false;
    EndWord();
    const std::uint32_t begin = Character();
    more_bytes_ += match.bytes - CountCodePoints(text_.substr(at_, match.bytes));
    at_ += match.bytes;
    Emit(match.value, {begin, Character()});
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
        Emit(path_.punctuation_[static_cast<unsigned char>(c)], {Character() - 1, Character()});
        break;
      case Action::kWord:
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
      more_bytes_ += c.bytes - 1;
      if (c.value < BertCharacters::kEnd && marks_.empty()) {
        TakeByTable(path_.characters_[c.value], c.value);
      } else if (c.value >= 0x4E00 && c.value <= 0x9FFF && marks_.empty() &&
                 path_.options_.handle_chinese_chars) {
        TakeAlone(text_.substr(at_ - c.bytes, c.bytes));  // An ideograph: no step changes it.
      } else {
        Clean(c.value);
      }
    } while (at_ < text_.size() && !KnowsEnough() && !path_.starts_added_[Byte()] &&
             (Byte() >= 0x80 || path_.actions_[Byte()] == Action::kDrop));
    EndMarks();
  }

  void TakeByTable(BertCharacter character, char32_t c) {
    switch (character.kind) {
      case BertCharacter::Kind::kHard:
        return Clean(c);
      case BertCharacter::Kind::kAppend:
        return AppendToWord({character.utf8, character.bytes});
      case BertCharacter::Kind::kAlone:
        return TakeAlone({character.utf8, character.bytes});
      case BertCharacter::Kind::kSpace:
        return EndWord();
    }
  }

  // Takes a character that is a word.
  void TakeAlone(std::string_view utf8) {
    EndWord();
    AppendToWord(utf8);
    EndWord();
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

  // Drops nonspacing marks. The few other marks wait for the next letter, to be put in order; their
  // alignment is beyond this class.
  void TakeDecomposed(char32_t c) {
    const bool drop = HasClass(c, kNonspacing);
    if (const int its_class = CombiningClass(c); its_class != 0) {
      if (!drop) marks_.push_back({its_class, c});
      offsets_are_exact_ &= drop;
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
    if ((classes & kSpace) != 0) return EndWord();
    char utf8[4];
    TakeAlone({utf8, static_cast<std::size_t>(EncodeUtf8(c, utf8) - utf8)});
  }

  void AppendToWord(char32_t c) {
    char utf8[4];
    AppendToWord({utf8, static_cast<std::size_t>(EncodeUtf8(c, utf8) - utf8)});
  }

  // Appends what became of the character before at_.
  void AppendToWord(std::string_view utf8) { word_.Append(utf8, Character() - 1); }

  void EndWord() {
    if (word_.empty()) return;
    const std::string_view word = word_.Take();
    std::size_t pieces = 0;
    const auto emit = [&](std::int32_t id, std::size_t begin, std::size_t end) {
      pieces_[pieces++] = {id, word_.OffsetOf(begin, end)};
    };
    if (!path_.model_.Split(word, emit)) return Emit(path_.model_.unk_id(), word_.WholeOffset());
    for (std::size_t i = 0; i < pieces; ++i) Emit(pieces_[i].id, pieces_[i].offset);
  }

  void Emit(std::int32_t id, Offset offset) {
    if (tokens_++ >= limit_.tokens) return;
    ids_.push_back(id);
    if constexpr (kOffsets) offsets_->push_back(offset);
  }

  struct Mark {
    int combining_class;
    char32_t value;
  };
  struct Piece {
    std::int32_t id;
    Offset offset;
  };

  const BertFastPath& path_;
  const std::string_view text_;
  const Limit limit_;
  std::vector<std::int32_t>& ids_;
  std::vector<Offset>* const offsets_;
  const std::size_t longest_direct_;  // Bytes of the longest word that is looked up as it stands.
  const std::size_t tail_begin_;
  std::array<char, 2 * AsciiBlock::kBytes> tail_ = {};  // The end of the text, then zeros.

  std::size_t at_ = 0;
  std::size_t more_bytes_ = 0;  // Bytes before at_ that do not begin a character.
  std::size_t tokens_ = 0;
  bool offsets_are_exact_ = true;
  std::vector<Mark> marks_;
  BertWord<kOffsets> word_;
  std::array<Piece, 4 * BertWord<kOffsets>::kMostCharacters> pieces_;
};

std::unique_ptr<const BertFastPath> BertFastPath::Recognize(const Normalizer* normalizer,
                                                            const PreTokenizer* pre_tokenizer,
                                                            const Model& model,
                                                            const AddedTokens& added_tokens,
                                                            const std::string& cache_folder) {
  const auto* const bert = dynamic_cast<const BertNormalizer*>(normalizer);
  const auto* const wordpiece = dynamic_cast<const WordPiece*>(&model);
  if (bert == nullptr || wordpiece == nullptr ||
      dynamic_cast<const BertPreTokenizer*>(pre_tokenizer) == nullptr ||
      wordpiece->max_input_chars_per_word() > BertWord<true>::kMostCharacters) {
    return nullptr;  // Longer words go the general way.
  }
  for (const auto& [token, shown, id] : added_tokens.items()) {
    if (token.normalized || token.lstrip || token.rstrip || token.single_word) return nullptr;
  }
  return std::unique_ptr<const BertFastPath>(
      new BertFastPath(bert->options(), *wordpiece, added_tokens, cache_folder));
}

BertFastPath::BertFastPath(const BertNormalizerOptions& options, const WordPiece& model,
                           const AddedTokens& added_tokens, const std::string& cache_folder)
    : options_(options),
      model_(model),
      characters_(options, cache_folder),
      short_words_(model.vocabulary().short_words()) {
  std::vector<Trie::Entry> entries;
  for (const auto& [token, shown, id] : added_tokens.items()) {
    entries.push_back({token.content, id});
    const auto first = static_cast<unsigned char>(token.content[0]);
    starts_added_[first] = true;
    blanks_end_words_ &= first != ' ';
    words_in_blocks_ &= !IsAsciiLetterOrDigit(token.content[0]);
  }
  added_ = Trie(std::move(entries));
  std::vector<Token> token;
  for (unsigned char i = 0; i < 128; ++i) {
    const char c = static_cast<char>(i);
    actions_[i] = ActionOf(c);
    ends_word_[i] = actions_[i] == Action::kSpace || actions_[i] == Action::kPunctuation;
    token.clear();
    model_.Tokenize({&c, 1}, token);
    punctuation_[i] = token[0].id;
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
  return Run<false>(*this, text, limit, ids, nullptr).Encode();
}

bool BertFastPath::Encode(std::string_view text, std::vector<std::int32_t>& ids,
                          std::vector<Offset>& offsets) const {
  Run<true> run(*this, text, {kNoLimit}, ids, &offsets);
  run.Encode();
  return run.offsets_are_exact();
}

}  // namespace merle
