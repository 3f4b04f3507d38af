#include "tokenizers/unicode_class.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace merle {
namespace {

std::u32string Text(const CodePoints& c) { return {c.values, c.count}; }

struct ClassCase {
  const char* name;
  char32_t c;
  int classes;
};

class UnicodeClassTest : public testing::TestWithParam<ClassCase> {};

TEST_P(UnicodeClassTest, Is) { EXPECT_EQ(UnicodeClasses(GetParam().c), GetParam().classes); }

INSTANTIATE_TEST_SUITE_P(Rows, UnicodeClassTest,
                         testing::ValuesIn(std::vector<ClassCase>{
                             {"LetterHasNone", U'a', 0},
                             {"DollarIsAsciiPunctuation", U'$', kPunctuation},
                             {"EuroIsNoPunctuation", 0x20AC, 0},
                             {"TabIsControlAndSpace", U'\t', kOther | kSpace},
                             {"NextLineIsControlAndSpace", 0x85, kOther | kSpace},
                             {"LineSeparatorIsSpace", 0x2028, kSpace},
                             {"ZeroWidthSpaceIsFormat", 0x200B, kOther},
                             {"SoftHyphenIsFormat", 0xAD, kOther},
                             {"PrivateUseIsOther", 0xE000, kOther},
                             {"UnassignedIsNotOther", 0x378, 0},
                             {"NoncharacterIsNotOther", 0xFFFFF, 0},
                             {"LastPrivateUse", 0x10FFFD, kOther},
                             {"AcuteIsNonspacing", 0x301, kNonspacing | kMark},
                             {"SpacingMarkIsMarkOnly", 0x903, kMark},
                             {"MarkOfUnicode9IsNotNonspacing", 0x8D4, kMark},
                             {"MarkOfUnicode11IsUnknown", 0x7FD, 0},
                             {"PunctuationOfUnicode9IsUnknown", 0x2E43, 0},
                             {"FirstIdeograph", 0x4E00, kIdeograph},
                             {"CompatibilityIdeograph", 0xF900, kIdeograph},
                             {"GapThatTheReferenceHas", 0x2B820, 0},
                             {"AfterTheGap", 0x2B920, kIdeograph},
                         }),
                         [](const auto& test) { return test.param.name; });

TEST(UnicodeClassRangesTest, AreSortedAndDisjoint) {
  char32_t next = 0;
  for (const auto& range : UnicodeClassRanges()) {
    EXPECT_LE(next, range.first);
    EXPECT_LE(range.first, range.last);
    next = range.last + 1;
  }
}

TEST(LowerCaseTest, GoesCharacterByCharacter) {
  EXPECT_EQ(Text(LowerCase(U'A')), U"a");
  EXPECT_EQ(Text(LowerCase(0x3A3)), U"σ") << "no final sigma";
  EXPECT_EQ(Text(LowerCase(0x130)), U"i̇");
  EXPECT_EQ(Text(LowerCase(0x10D50)), std::u32string(1, 0x10D70)) << "Unicode 16";
  EXPECT_EQ(Text(LowerCase(U'ß')), U"ß");
}

TEST(DecomposeTest, FollowsUnicode9) {
  EXPECT_EQ(Text(Decompose(U'é', Decomposition::kCanonical)), U"e\u0301");
  EXPECT_EQ(Text(Decompose(0xAC01, Decomposition::kCanonical)), U"\u1100\u1161\u11A8");
  EXPECT_EQ(Text(Decompose(0xFB01, Decomposition::kCanonical)), U"\uFB01");
  EXPECT_EQ(Text(Decompose(0xFB01, Decomposition::kCompatible)), U"fi");
  EXPECT_EQ(Decompose(0xFDFA, Decomposition::kCompatible).count, CodePoints::kMost);
  EXPECT_EQ(Text(Decompose(0x32FF, Decomposition::kCompatible)), U"\u32FF") << "Unicode 12";
  EXPECT_EQ(Decompose(0x11938, Decomposition::kCanonical).count, 1u) << "Unicode 13";
}

TEST(ComposeTest, UndoesCanonicalDecompositions) {
  EXPECT_EQ(Compose(U'e', 0x301), U'é');
  EXPECT_EQ(Compose(0x1100, 0x1161), char32_t{0xAC00});
  EXPECT_EQ(Compose(U'e', U'e'), char32_t{0});
  EXPECT_EQ(Compose(0x308, 0x301), char32_t{0}) << "U+0344 is excluded";
}

TEST(CombiningClassTest, IsZeroForStartersAndForNewMarks) {
  EXPECT_EQ(CombiningClass(0x301), 230);
  EXPECT_EQ(CombiningClass(U'a'), 0);
  EXPECT_EQ(CombiningClass(0x7FD), 0);
}

TEST(IsWordCharacterTest, IsBackslashW) {
  for (const char32_t c : {U'a', U'_', U'7', U'é', char32_t{0x24B6}, char32_t{0x200D}}) {
    EXPECT_TRUE(IsWordCharacter(c)) << std::uint32_t{c};
  }
  for (const char32_t c : {U' ', U'-', U'½', U'€'}) {
    EXPECT_FALSE(IsWordCharacter(c)) << std::uint32_t{c};
  }
}

}  // namespace
}  // namespace merle
