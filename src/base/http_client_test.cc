#include "base/http_client.h"

#include <gtest/gtest.h>

namespace merle {
namespace {

TEST(WithoutSecrets, DropsUserPasswordAndQuery) {
  EXPECT_EQ(WithoutSecrets("http://user:pa55@host:1/a?signature=x"), "http://host:1/a");
  EXPECT_EQ(WithoutSecrets("https://a@b@host"), "https://host");
  EXPECT_EQ(WithoutSecrets("http://host/a@b"), "http://host/a@b");
  EXPECT_EQ(WithoutSecrets("ftp://user:pa55@host?x@y"), "ftp://host");
  EXPECT_EQ(WithoutSecrets("user@host/a"), "host/a");
  EXPECT_EQ(WithoutSecrets(""), "");
}

}  // namespace
}  // namespace merle
