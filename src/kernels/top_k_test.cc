#include "kernels/top_k.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "kernels/kernel_test.h"

namespace merle {
namespace {

struct Case {
  const char* name;
  std::vector<float> scores;
  std::size_t k;
  std::vector<std::size_t> indices;
};

constexpr float kInf = std::numeric_limits<float>::infinity();

class TopKIndices : public testing::TestWithParam<Case> {};

TEST_P(TopKIndices, AreTheBestInOrder) {
  std::vector<std::size_t> indices;
  for (const ScoredIndex& best : TopK(GetParam().scores, GetParam().k)) {
    indices.push_back(best.index);
  }
  EXPECT_THAT(indices, testing::ElementsAreArray(GetParam().indices));
}

INSTANTIATE_TEST_SUITE_P(Rules, TopKIndices,
                         testing::ValuesIn(std::vector<Case>{
                             {"BestFirst", {1, 3, 2}, 2, {1, 2}},
                             {"EqualScoresByIndex", {2, 3, 2, 3, 2}, 4, {1, 3, 0, 2}},
                             {"FewerThanK", {5, 6}, 10, {1, 0}},
                             {"NanIsLast", {NAN, -kInf, kInf, NAN}, 4, {2, 1, 0, 3}},
                             {"NanOnlyWhereNothingElseIsLeft", {NAN, 1, NAN, 0}, 2, {1, 3}},
                             {"ZeroOfEitherSignIsEqual", {-0.0f, 0.0f}, 2, {0, 1}},
                             {"NoneOfNone", {}, 3, {}},
                             {"NoneWanted", {1, 2}, 0, {}},
                         }),
                         [](const auto& test) { return test.param.name; });

TEST(TopK, EqualsAStableSort) {
  const auto scores = RandomMatrix(1, 1000, 1);
  std::vector<ScoredIndex> sorted;
  sorted.reserve(1000);
  for (std::size_t i = 0; i < 1000; ++i) {
    sorted.push_back({i, std::round(scores.Row(0)[i] * 10)});  // Many ties.
  }
  std::vector<float> rounded;
  rounded.reserve(sorted.size());
  for (const auto& s : sorted) rounded.push_back(s.score);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
  for (const std::size_t k : {1, 10, 999, 1000}) {
    const std::vector<ScoredIndex> expected(sorted.begin(),
                                            sorted.begin() + static_cast<std::ptrdiff_t>(k));
    EXPECT_EQ(TopK(rounded, k), expected);
  }
}

}  // namespace
}  // namespace merle
