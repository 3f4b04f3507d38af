#include "evaluation/sts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstddef>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/error_matcher.h"
#include "base/format.h"
#include "base/test_folder.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

using testing::StartsWith;

struct Case {
  const char* name;
  std::string content;
  std::vector<std::string> pairs;  // "score:sentence1|sentence2"
};

class StsLayouts : public testing::TestWithParam<Case> {
 protected:
  const TestFolder folder_;
};

TEST_P(StsLayouts, AreFoundByTheirFirstLine) {
  std::vector<std::string> pairs;
  for (const StsPair& pair : ReadStsPairs(folder_.Write("sts.csv", GetParam().content))) {
    pairs.push_back(Format("{}:{}|{}", pair.score, pair.sentence1, pair.sentence2));
  }
  EXPECT_EQ(pairs, GetParam().pairs);
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, StsLayouts,
    testing::ValuesIn(std::vector<Case>{
        {"StsBenchmarkHasNoQuoting",
         "main\tMSR\t2012\t0\t5.000\t\"A man, dancing.\tA \"man\".\n"
         "main\tMSR\t2012\t1\t0.5\tx\ty\textra\tcolumns\r\n",
         {"5:\"A man, dancing.|A \"man\".", "0.5:x|y"}},
        {"NamedColumnsInAnyOrder",
         "score,id,sentence2,sentence1\n1,7,\"b, c\",a\n2.5,8,e,\"d\ne\"\n",
         {"1:a|b, c", "2.5:d\ne|e"}},
        {"TheScoreMayBeALabel", "sentence1,sentence2,label\na,b,0\nc,d,1\n", {"0:a|b", "1:c|d"}},
        {"TheScoreMayBeASimilarity",
         "sentence1,sentence2,similarity_score\na,b,0\nc,d, 1 \n",
         {"0:a|b", "1:c|d"}},
        {"TabsWithNamesHaveNoQuoting",
         "index\tsentence1\tsentence2\tscore\n0\t\"a\tb\t1\n1\tc\td\t2\n",
         {"1:\"a|b", "2:c|d"}},
        {"ThreeColumnsWithoutAHeader", "\"a, b\",c,1\nd,e,2\n", {"1:a, b|c", "2:d|e"}},
        {"ThreeColumnsWithTabs", "a\tb\t1\nc\td\t2\n", {"1:a|b", "2:c|d"}},
        {"AByteOrderMarkIsDropped",
         "\xEF\xBB\xBFsentence1,sentence2,score\na,b,1\nc,d,2\n",
         {"1:a|b", "2:c|d"}},
    }),
    [](const auto& test) { return test.param.name; });

struct BadCase {
  const char* name;
  std::string content;
  std::string message;
  ErrorCode code = ErrorCode::kInvalidArgument;
};

class StsErrors : public testing::TestWithParam<BadCase> {
 protected:
  const TestFolder folder_;
};

TEST_P(StsErrors, NameFileAndLine) {
  const std::string path = folder_.Write("sts.csv", GetParam().content);
  EXPECT_THAT([&] { ReadStsPairs(path); },
              ThrowsError(GetParam().code, StartsWith(path + GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Hostile, StsErrors,
    testing::ValuesIn(std::vector<BadCase>{
        {"AnEmptyFile", "", ": holds no sentence pairs"},
        {"OtherText", "Dear Sir,\nhello\n", ":1: not a file of scored sentence pairs"},
        {"NoScoreColumn", "sentence1,sentence2\na,b\n", ":1: not a file of scored"},
        {"OnePairOnly", "a,b,1\n", ": a correlation needs two"},
        {"AHeaderOnly", "sentence1,sentence2,score\n", ": a correlation needs two"},
        {"AScoreThatIsNoNumber", "a,b,1\nc,d,high\n", ":2: the score 'high' is not a number"},
        {"AnInfiniteScore", "a,b,1\nc,d,inf\n", ":2: the score 'inf' is not a number"},
        {"AnEmptyScore", "a,b,1\nc,d,\n", ":2: the score '' is not a number"},
        {"AMissingColumn", "a,b,1\nc,d\n", ":2: 2 columns, wanted are 3"},
        {"AnUnquotedComma", "a,b,1\nc,d,e,2\n", ":2: 4 columns, wanted are 3"},
        {"AShortStsBenchmarkRow", "a\tb\tc\td\t1\te\tf\ng\th\n", ":2: 2 columns, wanted are 7"},
        {"NotUtf8", "a,b,1\n\xFF,d,2\n", ":2: not UTF-8"},
        {"BadQuoting", "a,b,1\n\"c\"x,d,2\n", ":2: text after the closing quote",
         ErrorCode::kDataLoss},
    }),
    [](const auto& test) { return test.param.name; });

TEST(ReadStsPairs, ReadsAPipeOnce) {
  const TestFolder folder;
  ASSERT_EQ(::mkfifo(folder.Path("pipe").c_str(), 0600), 0);
  std::string content = "sentence1,sentence2,score\n";
  for (int i = 0; i < 20'000; ++i) content += "\"a, b\",c,1\n";  // More than a pipe holds.
  std::thread writer([&] { std::ofstream(folder.Path("pipe")) << content; });
  EXPECT_EQ(ReadStsPairs(folder.Path("pipe")).size(), 20'000u);
  writer.join();
}

TEST(ReadStsPairs, MissingFileIsNotFound) { EXPECT_THROW(ReadStsPairs("/none.csv"), Error); }

TEST(ScoreSts, RefusesVectorsOfOtherPairs) {
  const StsPair pairs[2] = {};
  const Matrix<float> two(2, 5), one(1, 5);
  EXPECT_THROW(ScoreSts(pairs, two.view(), one.view()), Error);
  EXPECT_THROW(ScoreSts(pairs, one.view(), two.view()), Error);
}

TEST(ScoreSts, CorrelatesCosinesWithScores) {
  const std::vector<StsPair> pairs = {{"", "", 5}, {"", "", 3}, {"", "", 0}};
  Matrix<float> first(3, 2), second(3, 2);
  const float cosine_like[] = {2.0F, 1.0F, -1.0F};  // Cosines 0.894, 0.707 and -0.707.
  for (std::size_t i = 0; i < 3; ++i) {
    first.Row(i)[0] = 3;
    second.Row(i)[0] = cosine_like[i];
    second.Row(i)[1] = 1;
  }
  const StsResult result = ScoreSts(pairs, first.view(), second.view());
  EXPECT_EQ(result.pairs, 3u);
  EXPECT_DOUBLE_EQ(result.spearman, 1);
  EXPECT_NEAR(result.pearson, 0.9549024326148446, 1e-7);
}

}  // namespace
}  // namespace merle
