#include "documents/passages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error_matcher.h"
#include "base/format.h"
#include "base/test_folder.h"
#include "base/utf8.h"
#include "documents/fit_text.h"
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

std::vector<std::string> Passages(const std::string& path, std::size_t target, FitText fit = {}) {
  PassageReader reader(LineReader(InputFile::Open(path)), target, std::move(fit));
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

// A model that takes 8 tokens: each x is one.
std::optional<std::size_t> EightTimesX(std::string_view text) {
  std::size_t characters = 0;
  for (std::size_t offset = 0, found = 0; offset < text.size(); ++characters) {
    if (text[offset] == 'x' && ++found > 8) return characters;
    offset += DecodeUtf8(text, offset).bytes;
  }
  return std::nullopt;
}

class PassagesForAModel : public PassageRules {};

TEST_P(PassagesForAModel, FitWhatItTakes) {
  const std::string path = folder_.Write("file", GetParam().content);
  EXPECT_EQ(Passages(path, 20, EightTimesX), GetParam().passages);
}

INSTANTIATE_TEST_SUITE_P(
    OfAtMost20CharactersAnd8Tokens, PassagesForAModel,
    testing::ValuesIn(std::vector<Case>{
        {"WhatFitsStays", "xxxx a xxxx b", {"1-1:xxxx a xxxx b"}},
        {"CharactersCountAsBefore",
         "one two three four five",
         {"1-1:one two three four", "1-1:five"}},
        {"WordsAreCutWhereTheModelStops", "éxxxxxxxxxx", {"1-1:éxxxxxxxx", "1-1:xx"}},
        {"SentencesAreKeptWhole", "xxxxx. xxxxx. a", {"1-1:xxxxx.", "1-1:xxxxx. a"}},
        {"LinesAreKeptWhole", "xxxx\nxxxx\nxxxx\n", {"1-2:xxxx\nxxxx", "3-3:xxxx"}},
        {"ParagraphsAreJoinedWhileTheyFit",
         "xxxx\n\nxxxx\n\nx\n\na",
         {"1-3:xxxx\n\nxxxx", "5-7:x\n\na"}},
        {"OrderIsKeptAroundACutParagraph",
         "a\n\nxxxxx xxxxx\n\nb",
         {"1-1:a", "3-3:xxxxx", "3-5:xxxxx\n\nb"}},
        {"ALongParagraphIsCutByBoth",
         "xxxxxxxxx one two three four five six",
         {"1-1:xxxxxxxx", "1-1:x one two three four", "1-1:five six"}},
    }),
    [](const auto& test) { return test.param.name; });

TEST(PassageReader, GivesCharactersToAModelThatTakesNone) {
  const TestFolder folder;
  const auto none = [](std::string_view) { return std::optional<std::size_t>(0); };
  EXPECT_THAT(Passages(folder.Write("file", "a日 b"), 20, none),
              ElementsAre("1-1:a", "1-1:日", "1-1:b"));
}

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
      ThrowsError(ErrorCode::kInvalidArgument, HasSubstr(path + ":2: not UTF-8: byte 0 (0xE9)")));
  EXPECT_EQ(reader.Next()->text, "one\ntwo");
}

}  // namespace
}  // namespace merle
