#include "documents/passages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/error_matcher.h"
#include "base/format.h"
#include "base/test_folder.h"
#include "documents/input_file.h"
#include "documents/line_reader.h"

namespace merle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Le;

struct Case {
  const char* name;
  std::string content;
  std::vector<std::string> passages;  // "first-last:text"
};

class PassageRules : public testing::TestWithParam<Case> {
 protected:
  const TestFolder folder_;
};

std::vector<std::string> Passages(const std::string& path, std::size_t target) {
  PassageReader reader(LineReader(InputFile::Open(path)), target);
  std::vector<std::string> passages;
  while (const auto passage = reader.Next()) {
    passages.push_back(Format("{}-{}:{}", passage->line, passage->last_line, passage->text));
  }
  return passages;
}

TEST_P(PassageRules, GiveThePassages) {
  EXPECT_EQ(Passages(folder_.Write("file", GetParam().content), 20), GetParam().passages);
}

INSTANTIATE_TEST_SUITE_P(
    OfAtMost20Characters, PassageRules,
    testing::ValuesIn(std::vector<Case>{
        {"AnEmptyFileHasNone", "", {}},
        {"WhiteSpaceIsNoPassage", "\n \n\t\r\n\n", {}},
        {"AParagraphIsAPassage", "\n\n one two\nthree  \n\n", {"3-4:one two\nthree"}},
        {"ShortParagraphsAreJoined", "one\n\n\ntwo\n\nthree\n", {"1-6:one\n\ntwo\n\nthree"}},
        {"JoinedPartsFitExactly", "123456789\n\n123456789", {"1-3:123456789\n\n123456789"}},
        {"WhatDoesNotFitStartsAnother",
         "123456789\n\n1234567890",
         {"1-1:123456789", "3-3:1234567890"}},
        {"CharactersCountNotBytes", "ääääääääääääääääääää", {"1-1:ääääääääääääääääääää"}},
        {"LongParagraphsAreCutAtSentences",
         "One two three. Four five six seven.",
         {"1-1:One two three.", "1-1:Four five six seven."}},
        {"ClosingQuotesBelongToTheSentence",
         "He said \"what?\" She left him.",
         {"1-1:He said \"what?\"", "1-1:She left him."}},
        {"ADotInsideANumberEndsNothing",
         "About 3.14159265358979 more",
         {"1-1:About", "1-1:3.14159265358979", "1-1:more"}},
        {"AnEarlySentenceEndIsNotTaken",
         "Oh. one two three four five",
         {"1-1:Oh. one two three", "1-1:four five"}},
        {"WideSentenceEndsNeedNoBlank",
         "今日は天気がいいですね。明日も晴れるでしょうか。",
         {"1-1:今日は天気がいいですね。", "1-1:明日も晴れるでしょうか。"}},
        {"ElseLinesAreKeptWhole",
         "one two three\nfour five six seven",
         {"1-1:one two three", "2-2:four five six seven"}},
        {"ElseWordsAreKeptWhole",
         "one two three four five six seven",
         {"1-1:one two three four", "1-1:five six seven"}},
        {"ElseCharactersAreKeptWhole",
         "日本語日本語日本語日本語日本語日本語日本語日本語",
         {"1-1:日本語日本語日本語日本語日本語日本語日本", "1-1:語日本語"}},
        {"TheRestOfAParagraphJoinsTheNext",
         "One two three four. Five.\n\nSix.",
         {"1-1:One two three four.", "1-3:Five.\n\nSix."}},
        {"OrderIsKeptAroundALongParagraph",
         "Head\n\nOne two three four. Five six seven.\n\nThe end",
         {"1-1:Head", "3-3:One two three four.", "3-3:Five six seven.", "5-5:The end"}},
        {"LinesAreCountedThroughCuts",
         "aaaa\nbbbb\ncccc\ndddd\neeee\nffff\n",
         {"1-4:aaaa\nbbbb\ncccc\ndddd", "5-6:eeee\nffff"}},
    }),
    [](const auto& test) { return test.param.name; });

TEST(PassageReader, LosesNoWordOfALongLineAndTakesLinearTime) {
  const TestFolder folder;
  std::string line;
  for (int i = 0; i < 300'000; ++i) AppendFormat(line, "w{} ", i);
  const auto passages = Passages(folder.Write("file", line), 600);
  std::string joined;
  for (const std::string& passage : passages) {
    EXPECT_THAT(passage.size(), Le(604u));
    joined += passage.substr(4) + ' ';
  }
  EXPECT_TRUE(joined == line);
}

TEST(PassageReader, RefusesALineThatIsNotUtf8AndGoesOnBehindIt) {
  const TestFolder folder;
  const std::string path = folder.Write("file", "one\n\xE9t\xE9\ntwo\n");
  PassageReader reader(LineReader(InputFile::Open(path)), 100);
  EXPECT_THAT(
      [&] { reader.Next(); },
      ThrowsError(ErrorCode::kInvalidArgument, HasSubstr(path + ":2: not UTF-8: byte 1 (0xE9)")));
  EXPECT_EQ(reader.Next()->text, "one\ntwo");
}

}  // namespace
}  // namespace merle
