// Fuzzes base/utf8 against a slow decoder that is the table of the Unicode standard and no more.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "harness.h"

namespace merle::fuzz {
namespace {

struct ByteRange {
  unsigned low, high;
  bool Has(unsigned byte) const { return low <= byte && byte <= high; }
};

// Unicode 15, table 3-7: the well-formed sequences, byte by byte.
struct TableRow {
  std::size_t bytes;
  ByteRange range[4];
};
constexpr ByteRange kTail = {0x80, 0xBF};
constexpr TableRow kTable[] = {
    {1, {{0x00, 0x7F}}},
    {2, {{0xC2, 0xDF}, kTail}},
    {3, {{0xE0, 0xE0}, {0xA0, 0xBF}, kTail}},
    {3, {{0xE1, 0xEC}, kTail, kTail}},
    {3, {{0xED, 0xED}, {0x80, 0x9F}, kTail}},
    {3, {{0xEE, 0xEF}, kTail, kTail}},
    {4, {{0xF0, 0xF0}, {0x90, 0xBF}, kTail, kTail}},
    {4, {{0xF1, 0xF3}, kTail, kTail, kTail}},
    {4, {{0xF4, 0xF4}, {0x80, 0x8F}, kTail, kTail}},
};

struct Slow {
  std::size_t bytes;                // At least 1: of the character, or of the ill-formed part.
  std::optional<char32_t> decoded;  // Nothing where it is ill-formed.
};

// What is at the start of `text`. An ill-formed part is the longest prefix of any row that is there
// (Unicode 15, section 3.9, "maximal subpart"), but at least a byte.
Slow DecodeSlowly(std::string_view text) {
  std::size_t longest = 1;
  for (const TableRow& row : kTable) {
    std::size_t good = 0;
    while (good < row.bytes && good < text.size() &&
           row.range[good].Has(static_cast<unsigned char>(text[good]))) {
      ++good;
    }
    if (good < row.bytes) {
      longest = std::max(longest, good);
      continue;
    }
    constexpr unsigned kLeadBits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t value = static_cast<unsigned char>(text[0]) & kLeadBits[row.bytes];
    for (std::size_t i = 1; i < row.bytes; ++i) {
      value = value * 64 + (static_cast<unsigned char>(text[i]) - 0x80u);
    }
    return {row.bytes, value};
  }
  return {longest, std::nullopt};
}

}  // namespace
}  // namespace merle::fuzz

using namespace merle;
using namespace merle::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = TextOf(data, size);
  std::optional<std::size_t> invalid;
  std::string replaced;
  std::size_t characters = 0;
  for (std::size_t at = 0; at < size; ++characters) {
    const Slow slow = DecodeSlowly(text.substr(at));
    if (slow.decoded) {
      const CodePoint fast = DecodeUtf8(text, at);
      Require(fast.value == *slow.decoded && fast.bytes == slow.bytes, "decoded otherwise");
      std::string encoded;
      AppendUtf8(fast.value, encoded);
      Require(encoded == text.substr(at, slow.bytes), "encoded otherwise");
      replaced += encoded;
    } else {
      if (!invalid) invalid = at;
      replaced += "\xEF\xBF\xBD";
    }
    at += slow.bytes;
  }
  Require(FindInvalidUtf8(text) == invalid, "another first invalid byte");
  Require(ReplaceInvalidUtf8(text) == replaced, "replaced otherwise");
  Require(CountCodePoints(replaced) == characters, "another number of characters");
  Require(Runs([&] { CheckUtf8(text, "the text"); }) == !invalid, "CheckUtf8 says otherwise");
  return 0;
}
