#include "tokenizers/truncation.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "base/error.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

constexpr auto kLongest = Truncation::kLongestFirst;
constexpr auto kFirst = Truncation::kOnlyFirst;
constexpr auto kSecond = Truncation::kOnlySecond;
constexpr std::size_t kNone = 999;  // No second text.
constexpr std::size_t kFails = 999;

struct Case {
  const char* name;
  std::size_t first, second, most;
  Truncation strategy;
  std::size_t kept_first, kept_second;
};

class TruncateTest : public testing::TestWithParam<Case> {};

TEST_P(TruncateTest, KeepsAsMany) {
  const Case& c = GetParam();
  const auto second = c.second == kNone ? std::nullopt : std::optional(c.second);
  if (c.kept_first == kFails) {
    EXPECT_THROW(Truncate(c.first, second, c.most, c.strategy), Error);
    return;
  }
  const KeptTokens kept = Truncate(c.first, second, c.most, c.strategy);
  EXPECT_EQ(kept.first, c.kept_first);
  EXPECT_EQ(kept.second, c.kept_second);
}

INSTANTIATE_TEST_SUITE_P(Rules, TruncateTest,
                         testing::ValuesIn(std::vector<Case>{
                             {"ShortTextIsLeft", 3, kNone, 3, kLongest, 3, 0},
                             {"LongTextIsCut", 4, kNone, 3, kLongest, 3, 0},
                             {"NoLimit", 4, 5, kNoLimit, kLongest, 4, 5},
                             {"OnlyFirstCutsASingleText", 4, kNone, 3, kFirst, 3, 0},
                             {"OnlySecondCantCutASingleText", 4, kNone, 3, kSecond, kFails, 0},
                             {"OnlySecondLeavesAShortSingleText", 3, kNone, 3, kSecond, 3, 0},
                             {"ShortPairIsLeft", 3, 4, 7, kLongest, 3, 4},
                             {"LongerFirstGivesWay", 8, 2, 7, kLongest, 5, 2},
                             {"LongerSecondGivesWay", 2, 8, 7, kLongest, 2, 5},
                             {"LongerIsNotCutBelowTheShorter", 5, 4, 8, kLongest, 4, 4},
                             {"BothGiveWay", 8, 8, 6, kLongest, 3, 3},
                             {"OddTokenGoesToTheLonger", 9, 8, 7, kLongest, 4, 3},
                             {"OddTokenGoesToTheSecondIfEqual", 8, 8, 7, kLongest, 3, 4},
                             {"ShorterAboveTheLimit", 20, 10, 7, kLongest, 4, 3},
                             {"OnlyFirst", 8, 4, 6, kFirst, 2, 4},
                             {"OnlyFirstCantCutAll", 8, 6, 6, kFirst, kFails, 0},
                             {"OnlySecond", 4, 8, 6, kSecond, 4, 2},
                             {"OnlySecondCantCutAll", 6, 8, 6, kSecond, kFails, 0},
                             {"NothingFitsNothingStays", 6, 8, 0, kSecond, 0, 0},
                         }),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace merle
