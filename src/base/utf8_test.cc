#include "base/utf8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/error_matcher.h"

namespace merle {
namespace {

struct Case {
  const char* name;
  std::string text;
  std::optional<std::size_t> invalid;  // The first bad byte.
  std::string replaced;
};

class Utf8Test : public testing::TestWithParam<Case> {};

TEST_P(Utf8Test, FindsAndReplacesWhatIsInvalid) {
  EXPECT_EQ(FindInvalidUtf8(GetParam().text), GetParam().invalid);
  EXPECT_EQ(ReplaceInvalidUtf8(GetParam().text), GetParam().replaced);
}

// Also where eight ASCII bytes at a time are skipped.
TEST_P(Utf8Test, FindsTheSameBehindAscii) {
  for (const std::size_t ascii : {1, 7, 8, 9, 17}) {
    const auto invalid = FindInvalidUtf8(std::string(ascii, 'a') + GetParam().text);
    EXPECT_EQ(invalid.has_value(), GetParam().invalid.has_value());
    EXPECT_EQ(invalid.value_or(0), GetParam().invalid ? *GetParam().invalid + ascii : 0);
  }
}

#define REPLACED "\xEF\xBF\xBD"

INSTANTIATE_TEST_SUITE_P(
    Rows, Utf8Test,
    testing::ValuesIn(std::vector<Case>{
        {"Empty", "", std::nullopt, ""},
        {"Nul", std::string("a\0b", 3), std::nullopt, std::string("a\0b", 3)},
        {"TwoBytes", "\xC2\x80\xDF\xBF", std::nullopt, "\xC2\x80\xDF\xBF"},
        {"ThreeBytes", "\xE0\xA0\x80\xEF\xBF\xBF", std::nullopt, "\xE0\xA0\x80\xEF\xBF\xBF"},
        {"FourBytes", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", std::nullopt,
         "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"},
        {"LoneContinuation", "a\x80", 1, "a" REPLACED},
        {"ByteThatNeverStands", "\xFFz", 0, REPLACED "z"},
        {"Overlong2", "\xC0\x80", 0, REPLACED REPLACED},
        {"Overlong3", "\xE0\x9F\xBF", 0, REPLACED REPLACED REPLACED},
        {"Overlong4", "\xF0\x8F\xBF\xBF", 0, REPLACED REPLACED REPLACED REPLACED},
        {"Surrogate", "\xED\xA0\x80", 0, REPLACED REPLACED REPLACED},
        {"AboveTheLast", "\xF4\x90\x80\x80", 0, REPLACED REPLACED REPLACED REPLACED},
        {"CutAtTheEnd", "a\xE4\xB8", 1, "a" REPLACED},
        {"CutByALetter", "\xF0\x9F\x98z", 0, REPLACED "z"},
        {"CutByAnotherStart", "\xE4\xB8\xE4\xB8\xAD", 0, REPLACED "\xE4\xB8\xAD"},
        {"TwoBytesCut", "\xC3", 0, REPLACED},
    }),
    [](const auto& test) { return test.param.name; });

TEST(CheckUtf8Test, NamesTheTextAndTheByte) {
  EXPECT_NO_THROW(CheckUtf8("é", "x"));
  EXPECT_THAT([] { CheckUtf8("ab\xFF", "line 3"); },
              ThrowsError(ErrorCode::kInvalidArgument,
                          testing::AllOf(testing::HasSubstr("line 3"),
                                         testing::HasSubstr("byte 2 (0xFF)"))));
}

TEST(CodePointTest, EveryOneComesBack) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text = "a";
    AppendUtf8(c, text);
    ASSERT_EQ(FindInvalidUtf8(text), std::nullopt);
    ASSERT_EQ(CountCodePoints(text), 2u);
    const CodePoint decoded = DecodeUtf8(text, 1);
    ASSERT_EQ(decoded.value, c);
    ASSERT_EQ(decoded.bytes, text.size() - 1);
  }
}

}  // namespace
}  // namespace merle
