#include "server/message.h"

#include <gtest/gtest.h>

#include <optional>

namespace merle {
namespace {

TEST(Request, GivesTheFirstHeaderOfAName) {
  Request request;
  request.headers = {{"a", "1"}, {"b", ""}, {"a", "2"}};
  EXPECT_EQ(request.Header("a"), "1");
  EXPECT_EQ(request.Header("b"), "");
  EXPECT_EQ(request.Header("c"), std::nullopt);
}

}  // namespace
}  // namespace merle
