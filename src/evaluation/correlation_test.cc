#include "evaluation/correlation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace merle {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Case {
  const char* name;
  std::vector<double> x, y;
  double pearson, spearman;  // scipy 1.17.1: pearsonr, spearmanr.
};

class Correlations : public testing::TestWithParam<Case> {};

TEST_P(Correlations, EqualScipy) {
  const Case& expected = GetParam();
  const double pearson = Pearson(expected.x, expected.y);
  const double spearman = Spearman(expected.x, expected.y);
  if (std::isnan(expected.pearson)) {
    EXPECT_TRUE(std::isnan(pearson));
  } else {
    EXPECT_NEAR(pearson, expected.pearson, 1e-14);
  }
  if (std::isnan(expected.spearman)) {
    EXPECT_TRUE(std::isnan(spearman));
  } else {
    EXPECT_NEAR(spearman, expected.spearman, 1e-14);
  }
}

INSTANTIATE_TEST_SUITE_P(Known, Correlations,
                         testing::ValuesIn(std::vector<Case>{
                             {"Ties",
                              {1, 2, 2, 3, 5, 5, 5, 8},
                              {0.3, 0.1, 0.9, 0.9, 0.2, 1.5, 1.5, 2.5},
                              0.7883012327096548,
                              0.6647116801916952},
                             {"LargeNumbers",
                              {1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 5},
                              {4, 3, 2, -1},
                              -0.9938586931957766,
                              -1},
                             {"AStraightLine", {1, 2, 3}, {10, 20, 30}, 1, 1},
                             {"AConstantSide", {1, 2, 3}, {5, 5, 5}, kNaN, kNaN},
                             {"OnePair", {1}, {2}, kNaN, kNaN},
                             {"NoPairs", {}, {}, kNaN, kNaN},
                             {"NaN", {1, kNaN, 3}, {1, 2, 3}, kNaN, kNaN},
                         }),
                         [](const auto& test) { return test.param.name; });

TEST(AverageRanks, ShareTheMeanOfTies) {
  const std::vector<double> values = {0.3, 0.1, 0.9, 0.9, 0.2, 1.5, 1.5, 1.5};
  EXPECT_THAT(AverageRanks(values), testing::ElementsAre(3, 1, 4.5, 4.5, 2, 7, 7, 7));
}

}  // namespace
}  // namespace merle
