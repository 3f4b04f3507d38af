#include "embedding/pooling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json_reader.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// Three tokens of two components.
Matrix<float> States() {
  Matrix<float> states(3, 2);
  const float values[] = {1, 6, 2, -4, 6, 1};
  std::copy(std::begin(values), std::end(values), states.data());
  return states;
}

struct Case {
  const char* name;
  PoolingMode mode;
  std::size_t skip;
  std::vector<float> pooled;
};

class PoolingRules : public testing::TestWithParam<Case> {};

TEST_P(PoolingRules, GiveTheVector) {
  std::vector<float> out(2);
  Pooling({GetParam().mode}).Pool(States().view(), GetParam().skip, out);
  EXPECT_THAT(out, testing::Pointwise(testing::FloatEq(), GetParam().pooled));
}

INSTANTIATE_TEST_SUITE_P(
    Modes, PoolingRules,
    testing::ValuesIn(std::vector<Case>{
        {"ClsIsTheFirst", PoolingMode::kCls, 0, {1, 6}},
        {"MaxOfEachComponent", PoolingMode::kMax, 0, {6, 6}},
        {"Mean", PoolingMode::kMean, 0, {3, 1}},
        {"MeanSqrtLen", PoolingMode::kMeanSqrtLen, 0, {9 / 1.7320508F, 3 / 1.7320508F}},
        {"WeightedMeanCountsFromOne", PoolingMode::kWeightedMean, 0, {23 / 6.0F, 1 / 6.0F}},
        {"LastToken", PoolingMode::kLastToken, 0, {6, 1}},
        {"ClsAfterAPrompt", PoolingMode::kCls, 1, {2, -4}},
        {"MeanAfterAPrompt", PoolingMode::kMean, 1, {4, -1.5}},
        {"WeightedMeanKeepsItsWeights", PoolingMode::kWeightedMean, 1, {22 / 5.0F, -1}},
        {"MeanOfNothingIsZero", PoolingMode::kMean, 3, {0, 0}},
        {"LastOfNothingIsZero", PoolingMode::kLastToken, 3, {0, 0}},
        {"ClsOfNothingIsTheFirst", PoolingMode::kCls, 3, {1, 6}},
    }),
    [](const auto& test) { return test.param.name; });

TEST(PoolingTest, ModesAreJoinedInOrder) {
  std::vector<float> out(4);
  Pooling({PoolingMode::kLastToken, PoolingMode::kCls}).Pool(States().view(), 0, out);
  EXPECT_THAT(out, testing::ElementsAre(6, 1, 1, 6));
}

TEST(PoolingTest, SharesSumToOne) {
  EXPECT_THAT(Pooling({PoolingMode::kMean}).Shares(States().view()),
              testing::Each(testing::FloatEq(1 / 3.0F)));
  EXPECT_THAT(Pooling({PoolingMode::kMax}).Shares(States().view()),
              testing::ElementsAre(0.5F, 0.0F, 0.5F));
  EXPECT_THAT(Pooling({PoolingMode::kMean}).Shares(States().view(), 1),
              testing::ElementsAre(0.0F, 0.5F, 0.5F));
  EXPECT_THAT(Pooling({PoolingMode::kWeightedMean}).Shares(States().view(), 1),
              testing::ElementsAre(0.0F, 0.4F, 0.6F));
  EXPECT_THAT(Pooling({PoolingMode::kMean}).Shares(States().view(), 3), testing::Each(0.0F));
  EXPECT_THAT(Pooling({PoolingMode::kCls, PoolingMode::kLastToken}).Shares(States().view()),
              testing::ElementsAre(0.5F, 0.0F, 0.5F));
}

TEST(PoolingTest, ConfigsOfEveryAgeAreRead) {
  const auto modes = [](const char* json) {
    return Pooling::FromConfig(JsonDocument::Parse(json, "config.json").root()).modes();
  };
  EXPECT_THAT(modes("{}"), testing::ElementsAre(PoolingMode::kMean));
  EXPECT_THAT(modes(R"({"pooling_mode":"max"})"), testing::ElementsAre(PoolingMode::kMax));
  EXPECT_THAT(modes(R"({"pooling_mode":["max","cls"]})"),
              testing::ElementsAre(PoolingMode::kMax, PoolingMode::kCls));
  EXPECT_THAT(modes(R"({"pooling_mode_max_tokens":true,"pooling_mode_cls_token":true})"),
              testing::ElementsAre(PoolingMode::kCls, PoolingMode::kMax));
  EXPECT_THROW(modes(R"({"pooling_mode":"median"})"), Error);
  EXPECT_THROW(modes(R"({"pooling_mode":7})"), Error);
  EXPECT_THROW(modes(R"({"pooling_mode_max_tokens":"yes"})"), Error);
}

}  // namespace
}  // namespace merle
