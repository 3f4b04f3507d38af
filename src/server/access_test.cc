#include "server/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "server/message.h"

namespace merle {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Pair;

Request HeadOf(const std::string& origin, const std::string& method = "POST") {
  Request head;
  head.method = method;
  head.headers = {{"host", "localhost:8080"}, {"origin", origin}};
  return head;
}

TEST(Access, TakesEachOfItsKeysAndNoOther) {
  const Access access({.keys = {"first", "second"}, .hosts = {}, .origins = {}});
  EXPECT_TRUE(access.needs_key());
  for (const char* good : {"Bearer first", "Bearer second", "bearer second"}) {
    EXPECT_TRUE(access.HasKey(good)) << good;
  }
  for (const char* bad : {"", "first", "Bearer", "Bearer ", "Bearer  first", "Bearer first ",
                          "Bearer firs", "Bearer firstsecond", "Bearer FIRST", "Basic first",
                          "Bearer first, second", "Bearer fir%73t"}) {
    EXPECT_FALSE(access.HasKey(bad)) << bad;
  }
  EXPECT_FALSE(access.HasKey(std::nullopt));
}

TEST(Access, AsksForNoKeyWhereThereIsNone) { EXPECT_FALSE(Access({}).needs_key()); }

TEST(Access, KnowsItsNamesWithAnyPort) {
  const Access access({.keys = {}, .hosts = {"Api.Example:8080", "2001:db8::1"}, .origins = {}});
  for (const char* known : {"localhost", "LOCALHOST:80", "localhost.", "127.0.0.1:1", "[::1]",
                            "[::1]:8080", "api.example", "api.example:9", "[2001:db8::1]:80"}) {
    EXPECT_TRUE(access.KnowsHost(known)) << known;
  }
  for (const char* foreign :
       {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:8080",
        "localhost:80:80", "localhost:evil", "xlocalhost", "api.example.evil", "0.0.0.0", "[::2]",
        ":80", ".", "127.0.0.2", "[::1", "::1"}) {
    EXPECT_FALSE(access.KnowsHost(foreign)) << foreign;
  }
  EXPECT_TRUE(access.KnowsHost(std::nullopt));
}

TEST(Access, AllowsListedOriginsAndItsOwnPages) {
  const Access access({.keys = {}, .hosts = {}, .origins = {"https://App.example"}});
  EXPECT_TRUE(access.AllowsOrigin(Request{}));
  for (const char* good :
       {"https://app.example", "http://localhost:8080", "https://localhost:8080"}) {
    EXPECT_TRUE(access.AllowsOrigin(HeadOf(good))) << good;
  }
  for (const char* foreign : {"https://evil.example", "null", "", "http://localhost",
                              "http://localhost:8081", "https://app.example.evil", "file://",
                              "http://app.example", "http://localhost:8080.evil"}) {
    EXPECT_FALSE(access.AllowsOrigin(HeadOf(foreign))) << foreign;
  }
}

TEST(Access, HasCorsHeadersForListedOriginsOnly) {
  const Access access({.keys = {}, .hosts = {}, .origins = {"https://app.example"}});
  EXPECT_THAT(access.CorsHeaders(HeadOf("https://app.example")),
              Contains(Pair("access-control-allow-origin", "https://app.example")));
  EXPECT_THAT(access.CorsHeaders(HeadOf("https://evil.example")), IsEmpty());
  EXPECT_THAT(access.CorsHeaders(HeadOf("http://localhost:8080")), IsEmpty());
  EXPECT_THAT(access.CorsHeaders(Request{}), IsEmpty());
}

TEST(Access, AnswersABrowsersQuestionBeforeARequest) {
  const Access access({.keys = {}, .hosts = {}, .origins = {"*"}});
  Request head = HeadOf("https://any.example", "OPTIONS");
  head.headers.emplace_back("access-control-request-headers", "authorization,x-stainless-lang");
  const auto headers = access.CorsHeaders(head);
  EXPECT_THAT(headers, Contains(Pair("access-control-allow-origin", "*")));
  EXPECT_THAT(headers,
              Contains(Pair("access-control-allow-headers", "authorization,x-stainless-lang")));
  EXPECT_THAT(headers, Contains(Pair("access-control-allow-methods", "GET, POST")));
}

}  // namespace
}  // namespace merle
