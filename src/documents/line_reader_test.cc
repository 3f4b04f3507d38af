#include "documents/line_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error_matcher.h"
#include "base/test_folder.h"
#include "documents/input_file.h"

namespace merle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_view_literals;

// Lines, and "!" for one that was refused.
std::vector<std::string> Lines(LineReader reader) {
  std::vector<std::string> lines;
  for (;;) {
    try {
      const auto line = reader.Next();
      if (!line) return lines;
      lines.emplace_back(*line);
    } catch (const Error&) {
      lines.emplace_back("!");
    }
  }
}

struct Case {
  const char* name;
  std::string_view content;
  char separator;
  std::vector<std::string> lines;
};

class LineReaderSplit : public testing::TestWithParam<Case> {
 protected:
  const TestFolder folder_;
};

TEST_P(LineReaderSplit, GivesTheLines) {
  const std::string path = folder_.Write("file", GetParam().content);
  EXPECT_EQ(Lines(LineReader(InputFile::Open(path), GetParam().separator)), GetParam().lines);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, LineReaderSplit,
    testing::ValuesIn(std::vector<Case>{
        {"AnEmptyFileHasNone", "", '\n', {}},
        {"TheLastMayLackItsEnd", "a\nb", '\n', {"a", "b"}},
        {"AnEndStartsNoFurtherLine", "a\nb\n", '\n', {"a", "b"}},
        {"EmptyLinesCount", "\n\na\n\n", '\n', {"", "", "a", ""}},
        {"CarriageReturnsBelongToTheEnd", "a\r\n\r\nb\r", '\n', {"a", "", "b"}},
        {"OnlyTheLastCarriageReturnGoes", "a\r\r\nb\rc", '\n', {"a\r", "b\rc"}},
        {"AByteOrderMarkIsDropped",
         "\xEF\xBB\xBF"
         "a\n\xEF\xBB\xBF"
         "b",
         '\n',
         {"a",
          "\xEF\xBB\xBF"
          "b"}},
        {"AByteOrderMarkAloneIsAnEmptyLine", "\xEF\xBB\xBF", '\n', {""}},
        {"ZeroBytesAreCharacters", "a\0b\nc"sv, '\n', {std::string("a\0b", 3), "c"}},
        {"ZeroBytesSeparate", "a\nb\0c\r\0\0d"sv, '\0', {"a\nb", "c\r", "", "d"}},
    }),
    [](const auto& test) { return test.param.name; });

TEST(LineReader, JoinsWhatSeveralReadsBring) {
  const TestFolder folder;
  std::string content;
  std::vector<std::string> expected;
  for (std::size_t length : {0u, 1u, 65535u, 65536u, 65537u, 200000u, 3u}) {
    expected.emplace_back(length, static_cast<char>('a' + expected.size()));
    content += expected.back() + '\n';
  }
  EXPECT_EQ(Lines(LineReader(InputFile::Open(folder.Write("file", content)))), expected);
}

TEST(LineReader, RefusesALongLineAndGoesOnBehindIt) {
  const TestFolder folder;
  const std::string path =
      folder.Write("file", "12345678\n123456789\nshort\n" + std::string(300000, 'x') + "\nend\n" +
                               std::string(300000, 'y'));
  EXPECT_THAT(Lines(LineReader(InputFile::Open(path), '\n', 8)),
              ElementsAre("12345678", "!", "short", "!", "end", "!"));
}

TEST(LineReader, NamesFileAndLineOfALongLine) {
  const TestFolder folder;
  const std::string path = folder.Write("file", "a\n123456789");
  LineReader reader(InputFile::Open(path), '\n', 8);
  reader.Next();
  EXPECT_THAT([&] { reader.Next(); }, ThrowsError(ErrorCode::kResourceExhausted,
                                                  HasSubstr(path + ":2: longer than 8 bytes")));
}

TEST(LineReader, ReadsANamedPipe) {
  const TestFolder folder;
  const std::string path = folder.Path("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(path) << "a\nb\n"; });
  EXPECT_THAT(Lines(LineReader(InputFile::Open(path))), ElementsAre("a", "b"));
  writer.join();
}

TEST(InputFile, SaysWhyAnInputCannotBeRead) {
  const TestFolder folder;
  EXPECT_THAT([&] { InputFile::Open(folder.Path("none")); }, ThrowsError(ErrorCode::kNotFound));
  EXPECT_THAT([&] { InputFile::Open(folder.path()); }, ThrowsError(ErrorCode::kIoError));
}

}  // namespace
}  // namespace merle
