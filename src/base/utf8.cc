#include "base/utf8.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/error.h"
#include "base/format.h"

namespace merle {
namespace {

// What stands at text[offset]: a sequence of `bytes`, well formed or not. An ill-formed one is the
// longest prefix of some well-formed sequence (Unicode 15, section 3.9, "maximal subpart").
struct Sequence {
  std::size_t bytes;
  bool well_formed;
};

Sequence ReadSequence(std::string_view text, std::size_t offset) noexcept {
  const auto byte = [&](std::size_t i) -> unsigned {
    return offset + i < text.size() ? static_cast<unsigned char>(text[offset + i]) : 0u;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte's range excludes overlong forms, surrogates and values above U+10FFFF.
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return {1, false};
  for (std::size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return {i, false};
  }
  return {length, true};
}

// Skips ASCII: 32 bytes at a time, then 8.
std::size_t SkipAscii(std::string_view text, std::size_t offset) noexcept {
  constexpr std::uint64_t kHighBits = 0x8080808080808080u;
  std::uint64_t words[4];
  for (; offset + sizeof words <= text.size(); offset += sizeof words) {
    std::memcpy(words, text.data() + offset, sizeof words);
    if (((words[0] | words[1] | words[2] | words[3]) & kHighBits) != 0) break;
  }
  for (; offset + 8 <= text.size(); offset += 8) {
    std::memcpy(words, text.data() + offset, 8);
    if ((words[0] & kHighBits) != 0) break;
  }
  return offset;
}

}  // namespace

std::optional<std::size_t> FindInvalidUtf8(std::string_view text) noexcept {
  std::size_t offset = 0;
  while ((offset = SkipAscii(text, offset)) < text.size()) {
    do {
      const Sequence sequence = ReadSequence(text, offset);
      if (!sequence.well_formed) return offset;
      offset += sequence.bytes;
    } while (offset < text.size() && static_cast<unsigned char>(text[offset]) >= 0x80);
  }
  return std::nullopt;
}

void CheckUtf8(std::string_view text, std::string_view what) {
  if (const auto offset = FindInvalidUtf8(text)) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("{} is not UTF-8: byte {} (0x{:02X}) starts no valid character", what,
                       *offset, static_cast<unsigned char>(text[*offset])));
  }
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t offset = 0; offset < text.size();) {
    const Sequence sequence = ReadSequence(text, offset);
    if (sequence.well_formed) {
      out.append(text, offset, sequence.bytes);
    } else {
      out.append("\xEF\xBF\xBD");
    }
    offset += sequence.bytes;
  }
  return out;
}

void AppendUtf8(char32_t value, std::string& out) {
  MERLE_ASSERT(value < 0x110000 && (value < 0xD800 || value > 0xDFFF));
  char bytes[4];
  out.append(bytes, EncodeUtf8(value, bytes));
}

std::size_t CountCodePoints(std::string_view text) noexcept {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

}  // namespace merle
