#include "server/request_ids.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace merle {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";

TEST(TraceId, IsThatOfAValidTraceparent) {
  EXPECT_EQ(TraceId("00-" + kTrace + "-b7ad6b7169203331-01"), kTrace);
  EXPECT_EQ(TraceId("cc-" + kTrace + "-b7ad6b7169203331-01-what-comes-later"), kTrace);
}

TEST(TraceId, IsEmptyOfAnInvalidOne) {
  for (const std::string& traceparent : std::initializer_list<std::string>{
           "", kTrace, "00-" + kTrace + "-b7ad6b7169203331-0",
           "00-" + kTrace + "-b7ad6b7169203331-01-more", "cc-" + kTrace + "-b7ad6b7169203331-01x",
           "ff-" + kTrace + "-b7ad6b7169203331-01", "00-" + kTrace + "-0000000000000000-01",
           "00-" + std::string(32, '0') + "-b7ad6b7169203331-01",
           "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
           "00_" + kTrace + "_b7ad6b7169203331_01", "0g-" + kTrace + "-b7ad6b7169203331-01"}) {
    EXPECT_EQ(TraceId(traceparent), "") << traceparent;
  }
}

TEST(IsRequestId, TakesShortPlainIdsOnly) {
  EXPECT_TRUE(IsRequestId("a"));
  EXPECT_TRUE(IsRequestId(std::string(64, 'Z')));
  for (const std::string& id :
       std::initializer_list<std::string>{"", std::string(65, 'a'), "a b", "a\r\nb", "ä", "a/b"}) {
    EXPECT_FALSE(IsRequestId(id)) << id;
  }
}

}  // namespace
}  // namespace merle
