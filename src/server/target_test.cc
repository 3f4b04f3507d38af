#include "server/target.h"

#include <gtest/gtest.h>

#include <string_view>

namespace merle {
namespace {

TEST(ParseTarget, DecodesThePathOnceAndLeavesTheQuery) {
  const struct {
    std::string_view target, path, query;
  } cases[] = {
      {"/", "/", ""},
      {"/v1/models", "/v1/models", ""},
      {"/a?b=c&d", "/a", "b=c&d"},
      {"/a?", "/a", ""},
      {"/a?b?c", "/a", "b?c"},
      {"/a%2Fb%20c", "/a/b c", ""},
      {"/%252e", "/%2e", ""},
      {"/%C3%a4", "/ä", ""},
      {"/a?b=%20+", "/a", "b=%20+"},
      {"//a/../b", "//a/../b", ""},
      {"/~!$&'()*+,;=:@-._", "/~!$&'()*+,;=:@-._", ""},
  };
  for (const auto& test : cases) {
    const auto target = ParseTarget(test.target);
    ASSERT_TRUE(target) << test.target;
    EXPECT_EQ(target->path, test.path);
    EXPECT_EQ(target->query, test.query);
  }
}

TEST(ParseTarget, RefusesWhatCouldBeReadInTwoWays) {
  for (const std::string_view target :
       {"",       "a",      "*",       "http://a/", "a:80",       "?a",     "/a#b",
        "/%",     "/%4",    "/%4g",    "/%zz",      "/%%20",      "/%+1",   "/%-1",
        "/%00",   "/a%00b", "/%0d%0a", "/%7f",      "/%1b",       "/a?%00", "/a?%",
        "/a?%z1", "/%ff",   "/%c3",    "/%c0%80",   "/%ed%a0%80", "/a\\b",  "/a\"b",
        "/<a>",   "/a|b",   "/{a}",    "/\xC3\xA4", "/a b",       "/[a]"}) {
    EXPECT_FALSE(ParseTarget(target)) << target;
  }
}

}  // namespace
}  // namespace merle
