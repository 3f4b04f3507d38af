#include "base/quote.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/format.h"
#include "base/utf8.h"

namespace merle {
namespace {

constexpr std::size_t kMostBytes = 100;  // Of a text that is shown whole.
constexpr std::size_t kHeadBytes = 64;   // Of a longer one.
constexpr std::size_t kTailBytes = 16;

// Ranges of characters, sorted, that change how the others look or can't be seen.
constexpr struct {
  char32_t first, last;
} kHidden[] = {
    {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},   {0x200B, 0x200F},
    {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF},
};

bool IsHidden(char32_t c) {
  return std::ranges::any_of(
      kHidden, [c](const auto& range) { return c >= range.first && c <= range.last; });
}

void AppendHidden(char32_t c, std::string& out) {
  constexpr std::string_view kNamed = "\n\r\t";
  constexpr std::string_view kNames = "nrt";
  const std::size_t named = c < 0x80 ? kNamed.find(static_cast<char>(c)) : kNamed.npos;
  if (named != kNamed.npos) {
    out += {'\\', kNames[named]};
  } else if (c < 0x80) {
    AppendFormat(out, "\\x{:02x}", static_cast<unsigned>(c));
  } else {
    AppendFormat(out, "\\u{{{:x}}}", static_cast<unsigned>(c));
  }
}

// Moves a cut that would part a character to that character's first byte.
std::size_t AtCharacter(std::string_view text, std::size_t cut) {
  for (std::size_t back = 0; back < 3 && cut > 0; ++back, --cut) {
    if ((static_cast<unsigned char>(text[cut]) & 0xC0) != 0x80) break;
  }
  return cut;
}

}  // namespace

std::string Escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t good = FindInvalidUtf8(text).value_or(text.size());
    for (std::size_t i = 0; i < good;) {
      const CodePoint c = DecodeUtf8(text, i);
      if (IsHidden(c.value)) {
        AppendHidden(c.value, out);
      } else {
        out.append(text, i, c.bytes);
      }
      i += c.bytes;
    }
    if (good < text.size()) {
      AppendFormat(out, "\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(text[good])));
    }
    text.remove_prefix(std::min(good + 1, text.size()));
  }
  return out;
}

std::string Quoted(std::string_view text) {
  if (text.size() <= kMostBytes) return Format("'{}'", Escaped(text));
  const std::size_t head = AtCharacter(text, kHeadBytes);
  const std::size_t tail = AtCharacter(text, text.size() - kTailBytes);
  return Format("'{}…{}' ({} bytes)", Escaped(text.substr(0, head)), Escaped(text.substr(tail)),
                text.size());
}

}  // namespace merle
