#include "tokenizers/unicode_class.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/assert.h"

namespace merle {
namespace {

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool IsIn(const Range (&ranges)[N], char32_t c) noexcept {
  const auto after = std::upper_bound(std::begin(ranges), std::end(ranges), c,
                                      [](char32_t value, Range r) { return value < r.first; });
  return after != std::begin(ranges) && c <= std::prev(after)->last;
}

// Original BERT goes on from U+2B820; the reference starts at U+2B920.
constexpr Range kIdeographs[] = {
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},   {0x20000, 0x2A6DF},
    {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F},
};

// Decompositions that came after Unicode 9, as far as some utf8proc knows them.
constexpr Range kLaterCanonical[] = {
    {0x105C9, 0x105C9}, {0x105E4, 0x105E4}, {0x11383, 0x11385}, {0x1138E, 0x11391},
    {0x113C5, 0x113C8}, {0x11938, 0x11938}, {0x16121, 0x16128}, {0x16D68, 0x16D6A},
};
constexpr Range kLaterCompatible[] = {
    {0x32FF, 0x32FF},   {0xA7F1, 0xA7F4},   {0xAB69, 0xAB69},   {0x10780, 0x107BA},
    {0x1CCD6, 0x1CCF9}, {0x1E030, 0x1E06D}, {0x1F16C, 0x1F16C}, {0x1FBF0, 0x1FBF9},
};

// Word characters that Unicode 15 does not have, or has as symbols (Other_Alphabetic).
constexpr Range kMoreWordCharacters[] = {
    {0x897, 0x897},     {0x1C89, 0x1C8A},   {0x24B6, 0x24E9},   {0xA7CB, 0xA7CD},
    {0xA7DA, 0xA7DC},   {0x105C0, 0x105F3}, {0x10D40, 0x10D65}, {0x10D69, 0x10D6D},
    {0x10D6F, 0x10D85}, {0x10EC2, 0x10EC4}, {0x10EFC, 0x10EFC}, {0x11380, 0x11389},
    {0x1138B, 0x1138B}, {0x1138E, 0x1138E}, {0x11390, 0x113B5}, {0x113B7, 0x113C0},
    {0x113C2, 0x113C2}, {0x113C5, 0x113C5}, {0x113C7, 0x113CA}, {0x113CC, 0x113D3},
    {0x113E1, 0x113E2}, {0x116D0, 0x116E3}, {0x11BC0, 0x11BE0}, {0x11BF0, 0x11BF9},
    {0x11F5A, 0x11F5A}, {0x13460, 0x143FA}, {0x16100, 0x16139}, {0x16D40, 0x16D6C},
    {0x16D70, 0x16D79}, {0x18CFF, 0x18CFF}, {0x1CCF0, 0x1CCF9}, {0x1E5D0, 0x1E5FA},
    {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}, {0x2EBF0, 0x2EE5D},
};

// Capital letters that came with Unicode 16 and 17.
struct CasePair {
  char32_t upper, lower;
};
constexpr CasePair kLaterCasePairs[] = {
    {0x1C89, 0x1C8A}, {0xA7CB, 0x264},  {0xA7CC, 0xA7CD}, {0xA7CE, 0xA7CF},
    {0xA7D2, 0xA7D3}, {0xA7D4, 0xA7D5}, {0xA7DA, 0xA7DB}, {0xA7DC, 0x19B},
};

char32_t LowerCaseOfOne(char32_t c) noexcept {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if (c >= 0x10D50 && c <= 0x10D65) return c + 0x20;  // Garay.
  if (c >= 0x16EA0 && c <= 0x16EB8) return c + 0x1B;  // Beria Erfe.
  for (const auto& [upper, lower] : kLaterCasePairs) {
    if (c == upper) return lower;
  }
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

// The bits of all code points: pages of 256, most of them shared.
class ClassTable {
 public:
  static const ClassTable& Get() {
    static const ClassTable kTable;
    return kTable;
  }

  std::uint8_t operator[](char32_t c) const { return pages_[page_of_[c >> 8]][c & 0xFF]; }

 private:
  using Page = std::array<std::uint8_t, 256>;
  static constexpr std::size_t kPages = 0x1100;

  ClassTable() : page_of_(kPages, 0), pages_(1) {
    for (const auto& [first, last, classes] : UnicodeClassRanges()) Add(first, last, classes);
    for (const auto& [first, last] : kIdeographs) Add(first, last, kIdeograph);
  }

  void Add(char32_t first, char32_t last, std::uint8_t classes) {
    std::uint16_t full = 0;  // The page that all the whole pages of this range share.
    for (char32_t page = first >> 8; page <= last >> 8; ++page) {
      const char32_t low = std::max<char32_t>(first, page << 8),
                     high = std::min<char32_t>(last, page << 8 | 0xFF);
      const bool whole = high - low == 0xFF && page_of_[page] == 0;
      if (whole && full != 0) {
        page_of_[page] = full;
        continue;
      }
      if (page_of_[page] == 0) {
        page_of_[page] = static_cast<std::uint16_t>(pages_.size());
        pages_.emplace_back();
      }
      for (char32_t c = low; c <= high; ++c) pages_[page_of_[page]][c & 0xFF] |= classes;
      if (whole) full = page_of_[page];
    }
  }

  std::vector<std::uint16_t> page_of_;
  std::vector<Page> pages_;
};

CodePoints One(char32_t c) noexcept { return {{c}, 1}; }

}  // namespace

std::string UnicodeLibraryVersion() { return utf8proc_version(); }

std::uint8_t UnicodeClasses(char32_t c) noexcept { return ClassTable::Get()[c]; }

bool IsWordCharacter(char32_t c) noexcept {
  if (c == 0x200C || c == 0x200D || IsIn(kMoreWordCharacters, c)) return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

CodePoints LowerCase(char32_t c) noexcept {
  if (c == 0x130) return {{'i', 0x307}, 2};
  return One(LowerCaseOfOne(c));
}

CodePoints Decompose(char32_t c, Decomposition kind) noexcept {
  if (c < 0xA0 || IsIn(kLaterCanonical, c)) return One(c);
  const bool compatible = kind == Decomposition::kCompatible;
  if (compatible && IsIn(kLaterCompatible, c)) return One(c);
  utf8proc_int32_t values[CodePoints::kMost];
  int boundary = 0;
  const auto options = static_cast<utf8proc_option_t>(
      UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : UTF8PROC_NULLTERM));
  const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), values,
                                             CodePoints::kMost, options, &boundary);
  MERLE_ASSERT(count > 0 && count <= static_cast<utf8proc_ssize_t>(CodePoints::kMost));
  CodePoints out;
  out.count = static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < out.count; ++i) out.values[i] = static_cast<char32_t>(values[i]);
  return out;
}

int CombiningClass(char32_t c) noexcept {
  if (!HasClass(c, kMark)) return 0;  // Also what Unicode 9 does not know.
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class;
}

char32_t Compose(char32_t first, char32_t second) noexcept {
  utf8proc_int32_t pair[] = {static_cast<utf8proc_int32_t>(first),
                             static_cast<utf8proc_int32_t>(second), 0};
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  if (utf8proc_normalize_utf32(pair, 2, options) != 1) return 0;
  const auto composed = static_cast<char32_t>(pair[0]);
  return IsIn(kLaterCanonical, composed) ? 0 : composed;
}

}  // namespace merle
