#include "documents/text_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error_matcher.h"
#include "base/format.h"
#include "base/test_folder.h"

namespace merle {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// "line:id:text|extra|extra" of every record.
std::vector<std::string> ReadAll(TextSource& source) {
  std::vector<std::string> records;
  while (const auto record = source.Next()) {
    std::string text = Format("{}:{}:{}", record->line, record->id, record->text);
    for (const std::string& extra : record->extra) text += '|' + extra;
    records.push_back(text);
  }
  return records;
}

std::vector<std::string> ReadAll(std::vector<std::string> paths, TextSourceOptions options = {}) {
  TextSource source(std::move(paths), std::move(options));
  return ReadAll(source);
}

struct Case {
  const char* name;
  const char* file;
  std::string content;
  TextSourceOptions options;
  std::vector<std::string> records;
};

class TextSourceForms : public testing::TestWithParam<Case> {
 protected:
  const TestFolder folder_;
};

TEST_P(TextSourceForms, GiveTheRecords) {
  EXPECT_THAT(ReadAll({folder_.Write(GetParam().file, GetParam().content)}, GetParam().options),
              ElementsAreArray(GetParam().records));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, TextSourceForms,
    testing::ValuesIn(std::vector<Case>{
        {"EachLineIsAText", "a.txt", "one\n\ntwo\r\n", {}, {"1::one", "2::", "3::two"}},
        {"UnknownEndingsAreLines", "a.log", "{\n", {}, {"1::{"}},
        {"BlankOnesCanBeLeftOut", "a", "one\n \t\ntwo", {.skip_blank = true}, {"1::one", "3::two"}},
        {"TheFormCanBeChosen", "a.csv", "a,b\n", {.form = TextForm::kLines}, {"1::a,b"}},
        {"ZeroBytesSeparate",
         "a",
         std::string("a\nb\0c", 5),
         {.form = TextForm::kNullSeparated},
         {"1::a\nb", "2::c"}},
        {"AFileIsAText",
         "a.txt",
         "\xEF\xBB\xBFone\n\ntwo\n",
         {.form = TextForm::kWhole},
         {"0::one\n\ntwo\n"}},
        {"AnEmptyFileIsAnEmptyText", "a.txt", "", {.form = TextForm::kWhole}, {"0::"}},
        {"PassagesAreParagraphs",
         "a.md",
         "one\n\ntwo\n",
         {.form = TextForm::kPassages, .passage_characters = 7},
         {"1::one", "3::two"}},
    }),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Jsonl, TextSourceForms,
    testing::ValuesIn(std::vector<Case>{
        {"TheTextIsUnderText",
         "a.jsonl",
         "{\"text\":\"a\"}\n\n{\"x\":1,\"text\":\"b\\n\\u00e9\"}",
         {},
         {"1::a", "3::b\né"}},
        {"TheFieldCanBeChosen", "a.NDJSON", "{\"a.b\":\"x\"}", {.field = "a.b"}, {"1::x"}},
        {"UsualIdsAreTaken",
         "a.jsonl",
         "{\"id\":7,\"text\":\"a\"}\n{\"_id\":\"x\",\"text\":\"b\"}\n{\"id\":1.5,\"text\":\"c\"}",
         {},
         {"1:7:a", "2:x:b", "3::c"}},
        {"TheIdCanBeChosen",
         "a.jsonl",
         "{\"id\":7,\"key\":\"k\",\"text\":\"a\"}",
         {.id_field = "key"},
         {"1:k:a"}},
        {"ExtraFieldsBecomeText",
         "a.jsonl",
         "{\"text\":\"t\",\"s\":\"x\",\"n\":-3,\"f\":0.25,\"b\":true,\"z\":null}",
         {.extra_fields = {"s", "n", "f", "b", "z", "none"}},
         {"1::t|x|-3|0.25|true||"}},
        {"ExtraFieldsOfNoUseMayBeLeftOut",
         "a.jsonl",
         "{\"text\":\"t\",\"x\":{},\"y\":1}",
         {.extra_fields = {"x", "y"}, .extra_must_exist = false},
         {"1::t||1"}},
        {"AnEmptyTextIsAText", "a.jsonl", "{\"text\":\"\"}", {}, {"1::"}},
        {"AnEmptyFileHasNone", "a.jsonl", " \n", {}, {}},
    }),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Csv, TextSourceForms,
    testing::ValuesIn(std::vector<Case>{
        {"TheTextIsUnderText",
         "a.csv",
         "id,text\n1,\"a, b\"\n2,\"c\nd\"\n3,e\n",
         {},
         {"2:1:a, b", "3:2:c\nd", "5:3:e"}},
        {"TheFieldCanBeAName", "a.csv", "title,body\nx,y\n", {.field = "title"}, {"2::x"}},
        {"TheFieldCanBeANumber", "a.tsv", "title\tbody\nx\ty, z\n", {.field = "2"}, {"2::y, z"}},
        {"AnOnlyColumnIsTheText", "a.csv", "sentence\nx\n", {}, {"2::x"}},
        {"TheFirstRowCanBeData",
         "a.csv",
         "x,y\nz,w\n",
         {.field = "2", .header = false},
         {"1::y", "2::w"}},
        {"ExtraColumnsComeInTheOrderAskedFor",
         "a.csv",
         "a,text,b\n1,t,2\n",
         {.id_field = "a", .extra_fields = {"b", "1"}},
         {"2:1:t|2|1"}},
        {"AnExtraColumnMayBeMissing",
         "a.csv",
         "a,text\n1,t\n",
         {.extra_fields = {"b", "a"}, .extra_must_exist = false},
         {"2::t||1"}},
        {"OfTwoExtraColumnsTheFirstMayCount",
         "a.csv",
         "a,text,a\n1,t,2\n",
         {.extra_fields = {"a"}, .extra_must_exist = false},
         {"2::t|1"}},
        {"AnOnlyColumnMayHoldOtherSigns", "a.csv", "how; why\nx\n", {.field = "1"}, {"2::x"}},
        {"AnEmptyFileHasNone", "a.csv", "", {}, {}},
        {"AHeaderAloneHasNone", "a.csv", "text\n", {}, {}},
    }),
    [](const auto& test) { return test.param.name; });

struct BadCase {
  const char* name;
  const char* file;
  std::string content;
  TextSourceOptions options;
  ErrorCode code;
  std::string message;            // Behind the path.
  std::vector<std::string> good;  // Records around the bad row.
};

class TextSourceErrors : public testing::TestWithParam<BadCase> {
 protected:
  const TestFolder folder_;
};

TEST_P(TextSourceErrors, NameFileLineAndProblem) {
  const std::string path = folder_.Write(GetParam().file, GetParam().content);
  EXPECT_THAT([&] { ReadAll({path}, GetParam().options); },
              ThrowsError(GetParam().code, StartsWith(path + GetParam().message)));
}

TEST_P(TextSourceErrors, AreCountedWhenBadRowsAreSkipped) {
  const std::string path = folder_.Write(GetParam().file, GetParam().content);
  TextSourceOptions options = GetParam().options;
  options.skip_bad = true;
  TextSource source({path}, options);
  EXPECT_EQ(ReadAll(source), GetParam().good);
  EXPECT_EQ(source.skipped().bad_rows, 1u);
  EXPECT_THAT(source.skipped().first_bad_row, StartsWith(path + GetParam().message));
}

const std::string kDeep = "{\"text\":" + std::string(100000, '[');

INSTANTIATE_TEST_SUITE_P(Rows, TextSourceErrors,
                         testing::ValuesIn(std::vector<BadCase>{
                             {"NotUtf8",
                              "a.txt",
                              "a\ncaf\xE9\nb",
                              {},
                              ErrorCode::kInvalidArgument,
                              ":2: not UTF-8: byte 3 (0xE9) starts no valid character; convert",
                              {"1::a", "3::b"}},
                             {"Utf16",
                              "a.txt",
                              std::string("\xFF\xFE"
                                          "a\0",
                                          4),
                              {},
                              ErrorCode::kInvalidArgument,
                              ":1: looks like UTF-16",
                              {}},
                             {"ALongLine",
                              "a.txt",
                              "a\n123456789\nb",
                              {.max_text_bytes = 8},
                              ErrorCode::kResourceExhausted,
                              ":2: longer than 8 bytes",
                              {"1::a", "3::b"}},
                             {"ALongFile",
                              "a.txt",
                              "123456789",
                              {.form = TextForm::kWhole, .max_text_bytes = 8},
                              ErrorCode::kResourceExhausted,
                              ": longer than 8 bytes",
                              {}},
                             {"NotJson",
                              "a.jsonl",
                              "{\"text\":\"a\"}\n{\"text\":\n{\"text\":\"b\"}",
                              {},
                              ErrorCode::kDataLoss,
                              ":2: not valid JSON",
                              {"1::a", "3::b"}},
                             {"DeepJson",
                              "a.jsonl",
                              kDeep + "\n{\"text\":\"b\"}",
                              {},
                              ErrorCode::kDataLoss,
                              ":1: not valid JSON",
                              {"2::b"}},
                             {"OneKeyTwice",
                              "a.jsonl",
                              "{\"text\":\"a\",\"text\":\"b\"}",
                              {},
                              ErrorCode::kDataLoss,
                              ":1: the key 'text' stands twice",
                              {}},
                             {"NoObject",
                              "a.jsonl",
                              "[1]\n{\"text\":\"b\"}",
                              {},
                              ErrorCode::kInvalidArgument,
                              ":1: not a JSON object",
                              {"2::b"}},
                             {"NoField",
                              "a.jsonl",
                              "{\"title\":\"a\",\"body\":\"b\"}",
                              {},
                              ErrorCode::kInvalidArgument,
                              ":1: no text under 'text'; the keys are 'title', 'body'; choose",
                              {}},
                             {"KeysThatDoNotPrint",
                              "a.jsonl",
                              "{\"\\u001b[2J\\n\":\"a\"}",
                              {},
                              ErrorCode::kInvalidArgument,
                              ":1: no text under 'text'; the keys are '\\x1b[2J\\n'; choose",
                              {}},
                             {"NullField",
                              "a.jsonl",
                              "{\"text\":null}",
                              {},
                              ErrorCode::kInvalidArgument,
                              ":1: 'text' is null",
                              {}},
                             {"FieldIsANumber",
                              "a.jsonl",
                              "{\"text\":1}",
                              {},
                              ErrorCode::kInvalidArgument,
                              ":1: 'text' is not a string",
                              {}},
                             {"NoId",
                              "a.jsonl",
                              "{\"text\":\"a\"}",
                              {.id_field = "key"},
                              ErrorCode::kInvalidArgument,
                              ":1: no id under 'key'",
                              {}},
                             {"IdIsAList",
                              "a.jsonl",
                              "{\"text\":\"a\",\"key\":[]}",
                              {.id_field = "key"},
                              ErrorCode::kInvalidArgument,
                              ":1: the id 'key' is neither",
                              {}},
                             {"ExtraIsAnObject",
                              "a.jsonl",
                              "{\"text\":\"a\",\"x\":{}}",
                              {.extra_fields = {"x"}},
                              ErrorCode::kInvalidArgument,
                              ":1: 'x' is an array or object",
                              {}},
                             {"ARaggedRow",
                              "a.csv",
                              "id,text\n1,a,b\n2,c\n",
                              {},
                              ErrorCode::kInvalidArgument,
                              ":2: 3 columns, the first row has 2",
                              {"3:2:c"}},
                             {"BadQuoting",
                              "a.csv",
                              "text\n\"a\"b\nc\n",
                              {},
                              ErrorCode::kDataLoss,
                              ":2: text after the closing quote",
                              {"3::c"}},
                             {"AQuoteNeverClosed",
                              "a.csv",
                              "text\na\n\"b\nc\nd\n",
                              {},
                              ErrorCode::kDataLoss,
                              ":3: a double quote is opened here and never closed",
                              {"2::a"}},
                             {"AFieldThatIsNotUtf8",
                              "a.csv",
                              "x,text\n1,\xFF\n2,c\n",
                              {},
                              ErrorCode::kInvalidArgument,
                              ":2: not UTF-8: byte 0 (0xFF)",
                              {"3::c"}},
                         }),
                         [](const auto& test) { return test.param.name; });

struct FatalCase {
  const char* name;
  std::string content;
  TextSourceOptions options;
  std::string message;
  ErrorCode code = ErrorCode::kInvalidArgument;
};

class TextSourceFatalErrors : public testing::TestWithParam<FatalCase> {
 protected:
  const TestFolder folder_;
};

TEST_P(TextSourceFatalErrors, AreThrownEvenWhenBadRowsAreSkipped) {
  const std::string path = folder_.Write("a.csv", GetParam().content);
  TextSourceOptions options = GetParam().options;
  options.skip_bad = true;
  EXPECT_THAT([&] { ReadAll({path}, options); },
              ThrowsError(GetParam().code, StartsWith(path + GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Csv, TextSourceFatalErrors,
    testing::ValuesIn(std::vector<FatalCase>{
        {"NoTextColumn", "a,b\n1,2\n", {}, ":1: no column 'text'; the columns are 'a', 'b'"},
        {"ColumnsBetweenSemicolons",
         "id;text\n1;a\n",
         {},
         ":1: the only column is 'id;text'; columns between ';' are not read: use commas (.csv) or "
         "tabs (.tsv), or choose column 1 as the field"},
        {"ColumnsBetweenTabs", "id\ttext\n1\ta\n", {}, ":1: the only column is 'id\\ttext'; "},
        {"NoSuchName", "a,b\n", {.field = "c"}, ":1: no column 'c'; the columns are 'a', 'b'"},
        {"NoSuchNumber", "a,b\n", {.field = "3"}, ":1: no column '3'"},
        {"NoSuchId", "text\n", {.id_field = "id"}, ":1: no column 'id'"},
        {"NamesWithoutAHeader",
         "a,b\n",
         {.field = "a", .header = false},
         ":1: no column 'a'; choose the field by its number, 1 to 2"},
        {"AnAmbiguousName", "a,text,text\n", {}, ":1: two columns are named 'text'"},
        {"AHeaderThatIsNotUtf8", "\xFF\xFE\n", {}, ":1: looks like UTF-16"},
        {"AQuoteNeverClosedInTheHeader",
         "text,\"a\nb\n",
         {},
         ":1: a double quote is opened here",
         ErrorCode::kDataLoss},
    }),
    [](const auto& test) { return test.param.name; });

class TextSourceTest : public testing::Test {
 protected:
  const TestFolder folder_;
};

TEST_F(TextSourceTest, ReadsFilesOneAfterAnotherEachInItsForm) {
  TextSource source({folder_.Write("a.txt", "one"), folder_.Write("b.csv", "text\ntwo\n"),
                     folder_.Write("c.jsonl", "{\"text\":\"three\"}")});
  std::vector<std::string> texts;
  while (const auto record = source.Next()) {
    texts.push_back(std::filesystem::path(record->path).filename().string() + ':' + record->text);
  }
  EXPECT_THAT(texts, ElementsAre("a.txt:one", "b.csv:two", "c.jsonl:three"));
  EXPECT_EQ(source.total_bytes(), 3u + 9u + 16u);
  EXPECT_EQ(source.bytes_read(), 3u + 9u + 16u);
}

TEST_F(TextSourceTest, GoesOnAfterAnError) {
  TextSource source({folder_.Write("a.txt", "one\n\xFF\nthree"), folder_.Write("b.txt", "four")});
  EXPECT_EQ(source.Next()->text, "one");
  EXPECT_THROW(source.Next(), Error);
  EXPECT_EQ(source.Next()->text, "three");
  EXPECT_EQ(source.Next()->text, "four");
  EXPECT_FALSE(source.Next());
  EXPECT_FALSE(source.Next());
}

TEST_F(TextSourceTest, ReadsStandardInput) {
  ASSERT_NE(std::freopen(folder_.Write("in", "one\ntwo\n").c_str(), "r", stdin), nullptr);
  TextSource source({"-"});
  EXPECT_EQ(source.total_bytes(), 8u);
  const auto record = source.Next();
  EXPECT_EQ(record->text, "one");
  EXPECT_EQ(record->path, "standard input");
}

TEST_F(TextSourceTest, RefusesStandardInputTwice) { EXPECT_THROW(TextSource({"-", "-"}), Error); }

TEST_F(TextSourceTest, FindsMissingFilesBeforeItReadsAny) {
  EXPECT_THROW(TextSource({folder_.Write("a", "x"), folder_.Path("none")}), Error);
}

TEST_F(TextSourceTest, RefusesImpossiblePassages) {
  for (const std::size_t characters : {std::size_t{0}, std::size_t{1'000'001}}) {
    EXPECT_THROW(TextSource({}, {.passage_characters = characters}), Error);
  }
}

TEST_F(TextSourceTest, NoInputHasNoTexts) {
  EXPECT_THAT(ReadAll(std::vector<std::string>{}), IsEmpty());
}

TEST_F(TextSourceTest, AFolderIsItsTextFilesInPassages) {
  folder_.Write("docs/b/notes.md", "Title\n\nFirst.");
  folder_.Write("docs/a.csv", "x,y\n1,2\n");
  folder_.Write("docs/.git/x", "hidden");
  folder_.Write("docs/photo.jpg", std::string("\xFF\xD8\0", 3));
  TextSource source({folder_.Path("docs"), folder_.Write("last.txt", "end")});
  EXPECT_THAT(ReadAll(source), ElementsAre("1::x,y\n1,2", "1::Title\n\nFirst.", "1::end"));
  EXPECT_EQ(source.skipped().files.hidden, 1u);
  EXPECT_EQ(source.skipped().files.binary, 1u);
  EXPECT_EQ(source.total_bytes(), std::nullopt);
}

TEST_F(TextSourceTest, NamesTheFirstFileInAnotherEncodingOfAllFolders) {
  folder_.Write("a/x", "\xFF\xFEx");
  folder_.Write("b/y", "caf\xE9 au lait");
  TextSource source({folder_.Path("a"), folder_.Path("b")});
  EXPECT_THAT(ReadAll(source), IsEmpty());
  EXPECT_EQ(source.skipped().files.not_utf8, 2u);
  EXPECT_EQ(source.skipped().files.first_not_utf8, folder_.Path("a/x"));
}

TEST_F(TextSourceTest, ALongLineInAFolderStopsNothing) {
  folder_.Write("docs/a", "0123456789\n\nok\n");
  folder_.Write("docs/b", "end");
  TextSource source({folder_.Path("docs")}, {.max_text_bytes = 8});
  EXPECT_THAT(ReadAll(source), ElementsAre("3::ok", "1::end"));
  EXPECT_EQ(source.skipped().bad_rows, 1u);
}

TEST_F(TextSourceTest, AFormRulesInAFolderToo) {
  folder_.Write("docs/a.txt", "one\n");
  folder_.Write("docs/b", "two\nthree");
  EXPECT_THAT(ReadAll({folder_.Path("docs")}, {.form = TextForm::kLines}),
              ElementsAre("1::one", "1::two", "2::three"));
}

TEST(TextForm, HasNames) {
  for (const char* name : {"lines", "null", "jsonl", "csv", "tsv", "whole", "passages"}) {
    EXPECT_EQ(TextFormName(*ParseTextForm(name)), name);
  }
  EXPECT_EQ(ParseTextForm("xml"), std::nullopt);
}

}  // namespace
}  // namespace merle
