#include "tokenizers/aligned_text.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "tokenizers/tokenizer.h"

namespace merle {

void AlignedText::AppendOriginal(std::string_view text, std::uint32_t first) {
  text_.append(text);
  if (!aligned_) return;
  alignment_.reserve(text_.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t bytes = DecodeUtf8(text, i).bytes;
    alignment_.insert(alignment_.end(), bytes, Offset{first, first + 1});
    ++first;
    i += bytes;
  }
}

void AlignedText::Append(const AlignedText& other, std::size_t begin, std::size_t end) {
  text_.append(other.text_, begin, end - begin);
  if (!aligned_) return;
  alignment_.insert(alignment_.end(), other.alignment_.begin() + static_cast<std::ptrdiff_t>(begin),
                    other.alignment_.begin() + static_cast<std::ptrdiff_t>(end));
}

void AlignedText::Transform(std::span<const Change> changes) {
  AlignedText out(origin_, aligned_);
  out.text_.reserve(text_.size());
  std::size_t old = 0;  // Byte of the next old character.
  for (const auto& [value, change] : changes) {
    Offset from = {origin_, origin_};
    if (change > 0) {
      if (old > 0) from = AlignmentAt(old - 1);
    } else {
      from = AlignmentAt(old);
      for (int eaten = 0; eaten <= -change; ++eaten) old += DecodeUtf8(text_, old).bytes;
    }
    out.Append(value, from);
  }
  *this = std::move(out);
}

}  // namespace merle
