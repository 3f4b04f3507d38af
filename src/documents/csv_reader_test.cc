#include "documents/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error_matcher.h"
#include "base/test_folder.h"
#include "documents/input_file.h"
#include "documents/line_reader.h"

namespace merle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Rows = std::vector<std::vector<std::string>>;

struct Case {
  const char* name;
  std::string content;
  Rows rows;
  CsvOptions options = {};
};

class CsvRules : public testing::TestWithParam<Case> {
 protected:
  const TestFolder folder_;
};

TEST_P(CsvRules, GiveTheRows) {
  const std::string path = folder_.Write("file.csv", GetParam().content);
  CsvReader reader(LineReader(InputFile::Open(path)), GetParam().options);
  Rows rows;
  while (auto row = reader.Next()) rows.push_back(row->fields);
  EXPECT_EQ(rows, GetParam().rows);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, CsvRules,
    testing::ValuesIn(std::vector<Case>{
        {"AnEmptyFileHasNoRow", "", {}},
        {"FieldsAreSplitAtCommas", "a,b\nc,d\n", {{"a", "b"}, {"c", "d"}}},
        {"EmptyFieldsCount", ",\na,,\n", {{"", ""}, {"a", "", ""}}},
        {"EmptyLinesAreNoRows", "\n\na\n\r\n\nb\n", {{"a"}, {"b"}}},
        {"BlanksAreKept", " a , b \n", {{" a ", " b "}}},
        {"QuotesHoldCommas", "\"a,b\",c\n", {{"a,b", "c"}}},
        {"TwoQuotesAreOne", "\"say \"\"hi\"\"\",\"\"\"\"\n", {{"say \"hi\"", "\""}}},
        {"QuotesHoldLineEnds", "\"a\nb\r\n\nc\",d\ne,f", {{"a\nb\n\nc", "d"}, {"e", "f"}}},
        {"AQuotedFieldMayBeEmpty", "\"\"\n\"\",\"\"\n", {{""}, {"", ""}}},
        {"AQuoteInsideAFieldIsACharacter", "5\" disk,a\"b\"\n", {{"5\" disk", "a\"b\""}}},
        {"AByteOrderMarkBeforeAQuoteIsDropped", "\xEF\xBB\xBF\"a\",b", {{"a", "b"}}},
        {"RowsMayDifferInLength", "a\nb,c\n", {{"a"}, {"b", "c"}}},
        {"TabsSeparate", "a,b\tc\n", {{"a,b", "c"}}, {.delimiter = '\t'}},
        {"WithoutQuotingAQuoteIsACharacter",
         "\"a\tb\"\n\"\n",
         {{"\"a", "b\""}, {"\""}},
         {.delimiter = '\t', .quoting = false}},
    }),
    [](const auto& test) { return test.param.name; });

TEST(CsvReader, KnowsTheLinesOfARow) {
  const TestFolder folder;
  CsvReader reader(LineReader(InputFile::Open(folder.Write("f", "a\n\n\"b\n\nc\",\"\nd\"\ne\n"))));
  const auto lines = [&] {
    const auto row = reader.Next();
    return std::pair(row->line, row->last_line);
  };
  EXPECT_EQ(lines(), std::pair(std::size_t{1}, std::size_t{1}));
  EXPECT_EQ(lines(), std::pair(std::size_t{3}, std::size_t{6}));
  EXPECT_EQ(lines(), std::pair(std::size_t{7}, std::size_t{7}));
  EXPECT_FALSE(reader.Next());
}

struct BadCase {
  const char* name;
  std::string content;
  ErrorCode code;
  std::string message;
  bool lost;
  std::vector<std::string> next;  // First fields of the rows behind the bad one.
};

class CsvErrors : public testing::TestWithParam<BadCase> {
 protected:
  const TestFolder folder_;
};

TEST_P(CsvErrors, NameTheLineAndLeaveTheRest) {
  const BadCase& expected = GetParam();
  const std::string path = folder_.Write("file.csv", expected.content);
  CsvReader reader(LineReader(InputFile::Open(path), '\n', 40));
  ASSERT_TRUE(reader.Next());
  EXPECT_THAT([&] { reader.Next(); },
              ThrowsError(expected.code, HasSubstr(path + expected.message)));
  EXPECT_EQ(reader.lost(), expected.lost);
  std::vector<std::string> next;
  while (auto row = reader.Next()) next.push_back(row->fields[0]);
  EXPECT_EQ(next, expected.next);
}

const std::string kLong(41, 'x');

INSTANTIATE_TEST_SUITE_P(Rules, CsvErrors,
                         testing::ValuesIn(std::vector<BadCase>{
                             {"TextAfterAClosingQuote",
                              "h\n\"a\"b,c\nd\n",
                              ErrorCode::kDataLoss,
                              ":2: text after the closing quote of column 1",
                              false,
                              {"d"}},
                             {"BlankAfterAClosingQuote",
                              "h\na,\"b\" ,c\nd\n",
                              ErrorCode::kDataLoss,
                              ":2: text after the closing quote of column 2",
                              false,
                              {"d"}},
                             {"AStrayQuoteIsFoundAtTheNextOne",
                              "h\n\"a\nb\n\"c\"\nd\n",
                              ErrorCode::kDataLoss,
                              ":4: text after",
                              false,
                              {"d"}},
                             {"AQuoteNeverClosed",
                              "h\na,\"b\nc\nd\n",
                              ErrorCode::kDataLoss,
                              ":2: a double quote is opened here and never closed",
                              true,
                              {}},
                             {"AQuoteAtTheVeryEnd",
                              "h\n\"",
                              ErrorCode::kDataLoss,
                              ":2: a double quote is opened",
                              true,
                              {}},
                             {"ALongLine",
                              "h\n" + kLong + "\nd\n",
                              ErrorCode::kResourceExhausted,
                              ":2: longer than 40",
                              false,
                              {"d"}},
                             {"ALongLineInQuotes",
                              "h\n\"a\n" + kLong + "\nd\n",
                              ErrorCode::kResourceExhausted,
                              ":3: longer than 40",
                              true,
                              {}},
                             {"ManyLinesInQuotes",
                              "h\n\"0123456789\n0123456789\n0123456789\n0123456789\n\"\n",
                              ErrorCode::kResourceExhausted,
                              ":2: a double quote is opened here and not closed within 40",
                              true,
                              {}},
                         }),
                         [](const auto& test) { return test.param.name; });

TEST(FindColumn, TakesNamesBeforeNumbers) {
  const std::vector<std::string> header = {"text", "3", "score"};
  EXPECT_EQ(FindColumn(header, "score"), 2u);
  EXPECT_EQ(FindColumn(header, "3"), 1u);
  EXPECT_EQ(FindColumn(header, "1"), 0u);
  for (const char* none :
       {"0", "4", "-1", "+1", "1x", "", " 1", "Text", "99999999999999999999999999"}) {
    EXPECT_EQ(FindColumn(header, none), std::nullopt) << none;
  }
}

}  // namespace
}  // namespace merle
