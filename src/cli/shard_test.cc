#include "cli/shard.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace merle {
namespace {

TEST(ShardTest, IsTwoNumbers) {
  const auto shard = ParseShard("2/8");
  ASSERT_TRUE(shard);
  EXPECT_EQ(shard->number, 2u);
  EXPECT_EQ(shard->count, 8u);
}

TEST(ShardTest, IsNothingElse) {
  for (const char* text : {"", "/", "2", "2/", "/8", "0/8", "9/8", "0/0", "-1/8", "1/-8", "1/8 ",
                           " 1/8", "1/8/9", "a/b", "1.0/8", "1/99999999999999999999"}) {
    EXPECT_FALSE(ParseShard(text)) << text;
  }
}

TEST(ShardTest, EachTextIsInOneShard) {
  for (std::size_t text = 0; text < 20; ++text) {
    std::string takers;
    for (std::size_t i = 1; i <= 3; ++i) {
      if (Shard{.number = i, .count = 3}.Takes(text)) takers += std::to_string(i);
    }
    EXPECT_EQ(takers, std::to_string(text % 3 + 1));
  }
}

}  // namespace
}  // namespace merle
