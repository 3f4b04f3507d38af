#include "base/quote.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"

namespace merle {
namespace {

using namespace std::string_view_literals;

struct Case {
  const char* name;
  std::string_view text;
  const char* quoted;
};

class QuotedText : public testing::TestWithParam<Case> {};

TEST_P(QuotedText, PrintsAsItReads) { EXPECT_EQ(Quoted(GetParam().text), GetParam().quoted); }

INSTANTIATE_TEST_SUITE_P(Rows, QuotedText,
                         testing::ValuesIn(std::vector<Case>{
                             {"Plain", "hello Ünï 世界", "'hello Ünï 世界'"},
                             {"Empty", "", "''"},
                             {"NewLine", "a\nb\r\tc", "'a\\nb\\r\\tc'"},
                             {"Nul", "a\0b"sv, "'a\\x00b'"},
                             {"Escape", "\x1b[31mred\x7f", "'\\x1b[31mred\\x7f'"},
                             {"C1", "\xC2\x9B", "'\\u{9b}'"},
                             {"TurnsDirection", "a\u202Eb", "'a\\u{202e}b'"},
                             {"NotUtf8", "a\xFF\xC3", "'a\\xff\\xc3'"},
                             {"LineSeparator", "\u2028", "'\\u{2028}'"},
                         }),
                         [](const auto& test) { return test.param.name; });

TEST(QuotedTest, ALongTextIsShownInPart) {
  const std::string text(1 << 20, 'x');
  EXPECT_EQ(Quoted(text),
            "'" + std::string(64, 'x') + "…" + std::string(16, 'x') + "' (1048576 bytes)");
}

TEST(QuotedTest, ACutPartsNoCharacter) {
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::string text(shift, 'x');
    for (int i = 0; i < 100; ++i) text += "\xF0\x9F\x98\x80";
    EXPECT_EQ(Quoted(text).find("\\x"), std::string::npos) << shift;
  }
}

TEST(QuotedTest, WhateverTheBytesTheResultIsShortPrintableUtf8) {
  for (unsigned first = 0; first < 256; ++first) {
    std::string text;
    for (unsigned i = 0; i < 300; ++i) text.push_back(static_cast<char>(first + i * 7));
    const std::string quoted = Quoted(text);
    EXPECT_FALSE(FindInvalidUtf8(quoted)) << first;
    EXPECT_EQ(quoted.find_first_of("\n\r\t\x1b\x7f\0"sv), std::string::npos) << first;
    EXPECT_LT(quoted.size(), 450u) << first;
  }
}

}  // namespace
}  // namespace merle
