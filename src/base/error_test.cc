#include "base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/utf8.h"

namespace merle {
namespace {

std::string MessageOf(const std::string& message) {
  return Error(ErrorCode::kDataLoss, message).what();
}

struct Case {
  const char* name;
  std::string message, shown;
};

class ErrorTest : public testing::TestWithParam<Case> {};

TEST_P(ErrorTest, ShowsOneLineOfUtf8) {
  EXPECT_EQ(MessageOf(GetParam().message), GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(Rows, ErrorTest,
                         testing::ValuesIn(std::vector<Case>{
                             {"Plain", "a.json: 'é 中' is wrong", "a.json: 'é 中' is wrong"},
                             {"LineEnds", "a\nb\r", "a\\nb\\r"},
                             {"Nul", std::string("a\0b", 3), "a\\x00b"},
                             {"EscapeSequence", "\x1B[2J\x7F", "\\x1b[2J\\x7f"},
                             {"EightBitEscape", "\xC2\x9B\x32J\xC2\xA0", "\\u{9b}2J\xC2\xA0"},
                             {"ReorderedLine", "\xE2\x80\xAE\xE2\x80\xA8\xE2\x81\xA6",
                              "\\u{202e}\\u{2028}\\u{2066}"},
                             {"NotUtf8", "a\xFF", "a\\xff"},
                         }),
                         [](const auto& test) { return test.param.name; });

TEST(ErrorTest, KeepsBothEndsOfALongMessageWhole) {
  for (const std::string letter : {"a", "é", "中", "😀"}) {
    std::string name;
    for (int i = 0; i < 5000; ++i) name += letter;
    const std::string message = MessageOf("file: the tensor '" + name + "' is not there");
    EXPECT_LE(message.size(), 2000u);
    EXPECT_GE(message.size(), 1990u);
    EXPECT_FALSE(FindInvalidUtf8(message)) << letter;
    EXPECT_THAT(message,
                testing::AllOf(testing::StartsWith("file: the tensor '"), testing::HasSubstr("…"),
                               testing::EndsWith("' is not there")));
  }
}

TEST(ErrorTest, LeavesTheLongestMessageAsItIs) {
  EXPECT_EQ(MessageOf(std::string(2000, 'a')), std::string(2000, 'a'));
  EXPECT_THAT(MessageOf(std::string(2001, 'a')), testing::HasSubstr("…"));
}

}  // namespace
}  // namespace merle
