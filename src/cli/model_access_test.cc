#include "cli/model_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "embedding/statistics.h"

namespace merle {
namespace {

TEST(TimeShares, AddUpToAHundredPercentOfTheCommand) {
  const EmbedStats stats{
      .seconds = 1.9, .tokenize_seconds = 0.1, .forward_seconds = 1.6, .pool_seconds = 0.02};
  EXPECT_EQ(TimeShares(stats, 2),
            "tokenizing 5.0 %, transformer 80.0 %, pooling 1.0 %, the rest 14.0 %");
}

TEST(TimeShares, OfNothingAreZero) {
  EXPECT_EQ(TimeShares({}, 0),
            "tokenizing 0.0 %, transformer 0.0 %, pooling 0.0 %, the rest 0.0 %");
}

}  // namespace
}  // namespace merle
