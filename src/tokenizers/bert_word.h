// BertWord: the word that BertFastPath puts together, and where its bytes stand in the text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "tokenizers/ascii_block.h"
#include "tokenizers/tokenizer.h"

namespace merle {

// Of a word with too many characters it keeps enough bytes to know that. Without kOffsets only the
// bytes are kept; the offsets must not be asked for then.
template <bool kOffsets>
class BertWord {
 public:
  // Of the most that a word may have.
  static constexpr std::size_t kMostCharacters = 256;

  // most_characters: a longer word counts as unknown; at most kMostCharacters.
  explicit BertWord(std::size_t most_characters) : longest_(4 * most_characters) {}

  bool empty() const { return bytes_ == 0; }

  // Appends the first `bytes` bytes of a block of ASCII, whose first is the text's `character`.
  void Append(const AsciiBlock& block, std::size_t bytes, std::uint32_t character) {
    end_ = character + static_cast<std::uint32_t>(bytes);
    if (bytes_ > longest_) return;
    block.Store(text_.data() + bytes_);
    if constexpr (kOffsets) {
      for (std::size_t i = 0; i < bytes; ++i) {
        characters_[bytes_ + i] = character + static_cast<std::uint32_t>(i);
      }
    }
    bytes_ += bytes;
  }

  // Appends what became of the text's `character`.
  void Append(std::string_view utf8, std::uint32_t character) {
    if (utf8.empty()) return;
    end_ = character + 1;
    if (bytes_ > longest_) return;
    for (const char byte : utf8) {
      if constexpr (kOffsets) characters_[bytes_] = character;
      text_[bytes_++] = byte;
    }
  }

  // The word; the next one begins. The view, and what is asked about its bytes, holds until then.
  std::string_view Take() { return {text_.data(), std::exchange(bytes_, 0)}; }

  Offset OffsetOf(std::size_t begin, std::size_t end) const {
    if constexpr (!kOffsets) return {};
    return {characters_[begin], characters_[end - 1] + 1};
  }
  Offset WholeOffset() const { return {kOffsets ? characters_[0] : 0, end_}; }

 private:
  // A byte more than the longest word has is enough; then comes a block.
  static constexpr std::size_t kBytes = 4 * kMostCharacters + 1 + AsciiBlock::kBytes;

  const std::size_t longest_;  // Bytes: a longer word has too many characters.
  std::size_t bytes_ = 0;
  std::uint32_t end_ = 0;  // The text's character after the word.
  std::array<char, kBytes> text_;
  std::array<std::uint32_t, kOffsets ? kBytes : 1> characters_;  // Of each byte.
};

}  // namespace merle
