#include "cli/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

namespace merle {
namespace {

struct WidthCase {
  const char* name;
  const char* text;
  std::size_t width;
};

class DisplayWidthOf : public testing::TestWithParam<WidthCase> {};

TEST_P(DisplayWidthOf, IsWhatTheScreenTakes) {
  EXPECT_EQ(DisplayWidth(GetParam().text), GetParam().width);
}

INSTANTIATE_TEST_SUITE_P(Texts, DisplayWidthOf,
                         testing::ValuesIn(std::vector<WidthCase>{
                             {"Empty", "", 0},
                             {"Ascii", "cat", 3},
                             {"Accents", "déjà", 4},
                             {"CombiningMarkTakesNothing", "e\u0301", 1},
                             {"ChineseIsWide", "世界", 4},
                             {"HangulIsWide", "한국", 4},
                             {"EmojiIsWide", "👍", 2},
                             {"SkinToneBelongsToTheEmoji", "👍🏽", 2},
                             {"FamilyIsOneEmoji", "👩‍👩‍👧", 2},
                             {"FlagIsOneEmoji", "🇩🇪", 2},
                             {"TwoFlags", "🇩🇪🇫🇷", 4},
                             {"HeartAsTextIsNarrow", "❤", 1},
                             {"HeartAsEmojiIsWide", "❤️", 2},
                             {"ZeroWidthSpace", "a\u200Bb", 2},
                         }),
                         [](const auto& test) { return test.param.name; });

TEST(OneLineTest, MakesTextHarmless) {
  EXPECT_EQ(OneLine("  a\n\tb  \r\n"), "a b");
  EXPECT_EQ(OneLine("\x1b[2Jx"), "[2Jx");
  EXPECT_EQ(OneLine("a\u202Eb\u2028c"), "a b c");
  EXPECT_EQ(OneLine("a\xff"), "a\uFFFD");
  EXPECT_EQ(OneLine("\n \n"), "");
}

TEST(EllipsizeTest, NeverIsWiderThanAsked) {
  EXPECT_EQ(Ellipsize("hamburger", 9), "hamburger");
  EXPECT_EQ(Ellipsize("hamburger", 4), "ham…");
  EXPECT_EQ(Ellipsize("世界", 4), "世界");
  EXPECT_EQ(Ellipsize("世界", 3), "世…");
  EXPECT_EQ(Ellipsize("世界", 2), "…");
}

TEST(WrapTest, BreaksBetweenWordsAndEndsInAnEllipsis) {
  EXPECT_EQ(Wrap("the cat sat on the mat", 14, 2, 9), "  the cat sat\n  on the mat\n");
  EXPECT_EQ(Wrap("the cat sat on the mat", 14, 2, 1), "  the cat sat…\n");
  EXPECT_EQ(Wrap("", 14, 2, 3), "");
}

TEST(WrapTest, BreaksALongWordAnywhere) {
  EXPECT_EQ(Wrap("abcdefghijklmnop", 12, 0, 9), "abcdefghijkl\nmnop\n");
  EXPECT_EQ(Wrap("世界世界世界世界", 12, 0, 9), "世界世界世界\n世界\n");
}

TEST(PadTest, CountsColumnsNotBytes) {
  EXPECT_EQ(PadRight("世", 4), "世  ");
  EXPECT_EQ(PadLeft("é", 3), "  é");
  EXPECT_EQ(PadRight("longer", 3), "longer");
}

TEST(BarTest, HasEighthsOfAColumn) {
  EXPECT_EQ(Bar(0, 4), "");
  EXPECT_EQ(Bar(1, 4), "████");
  EXPECT_EQ(Bar(0.5, 3), "█▌");
  EXPECT_EQ(Bar(-1, 4), "");
  EXPECT_EQ(Bar(2, 2), "██");
}

TEST(NumbersForPeople, HaveCommasAndUnits) {
  EXPECT_EQ(WithCommas(0), "0");
  EXPECT_EQ(WithCommas(999), "999");
  EXPECT_EQ(WithCommas(1000), "1,000");
  EXPECT_EQ(WithCommas(1234567), "1,234,567");
  EXPECT_EQ(HumanBytes(612), "612 B");
  EXPECT_EQ(HumanBytes(999600), "1.0 MB");
  EXPECT_EQ(HumanBytes(90868376), "90.9 MB");
  EXPECT_EQ(HumanBytes(466247), "466 kB");
}

TEST(TerminalTest, ColoursOnlyWhenTold) {
  EXPECT_EQ(Terminal(1, ColorMode::kNever).Bold("x"), "x");
  EXPECT_EQ(Terminal(1, ColorMode::kAlways).Bold("x"), "\x1b[1mx\x1b[0m");
  EXPECT_EQ(Terminal(1, ColorMode::kAlways).Bold(""), "");
}

}  // namespace
}  // namespace merle
