// A text under normalisation that knows, for each of its bytes, which characters of the original
// text it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "tokenizers/tokenizer.h"

namespace merle {

// One code point of a rewritten text.
struct Change {
  char32_t value;
  // 0: stands for the next old character. -n: stands for it and eats the n after it. 1: is new and
  // takes the alignment of the old character before.
  int change;
};

// UTF-8 with the alignment of every byte. Peer: tokenizers' NormalizedString.
class AlignedText {
 public:
  // An empty text, whose original starts at character `origin`. Without `aligned` nothing but the
  // bytes is kept, which is faster; OffsetOf must not be called then.
  AlignedText(std::uint32_t origin, bool aligned) : origin_(origin), aligned_(aligned) {}

  // Appends original characters: those at `first` and after.
  void AppendOriginal(std::string_view text, std::uint32_t first);

  // Appends a code point that stands for the original characters `from`.
  void Append(char32_t value, Offset from) {
    AppendUtf8(value, text_);
    if (aligned_) alignment_.resize(text_.size(), from);
  }
  // Appends bytes [begin, end) of `other`, with their alignment.
  void Append(const AlignedText& other, std::size_t begin, std::size_t end);

  // Calls rewrite(code_point, emit) for each code point; emit(value), called any number of times,
  // puts `value` in its place, with its alignment.
  template <typename Rewrite>
  void Map(Rewrite&& rewrite) {
    AlignedText out(origin_, aligned_);
    out.text_.reserve(text_.size());
    for (std::size_t i = 0; i < text_.size();) {
      const CodePoint c = DecodeUtf8(text_, i);
      const Offset from = aligned_ ? alignment_[i] : Offset{};
      rewrite(c.value, [&](char32_t value) { out.Append(value, from); });
      i += c.bytes;
    }
    *this = std::move(out);
  }

  // Replaces the whole text by the changes, in order, and drops old characters that are left.
  void Transform(std::span<const Change> changes);

  // The original characters of bytes [begin, end), which must not be empty.
  Offset OffsetOf(std::size_t begin, std::size_t end) const {
    return {alignment_[begin].begin, alignment_[end - 1].end};
  }
  // The alignment of byte i; {0, 0} without alignment.
  Offset AlignmentAt(std::size_t i) const { return aligned_ ? alignment_[i] : Offset{}; }

  std::string_view text() const { return text_; }
  std::uint32_t origin() const { return origin_; }
  bool aligned() const { return aligned_; }

 private:
  std::string text_;
  std::vector<Offset> alignment_;  // One a byte of text_.
  std::uint32_t origin_;
  bool aligned_;
};

}  // namespace merle
