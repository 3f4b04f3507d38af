#include "embedding/retry_schedule.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/http_client.h"

namespace merle {
namespace {

using Headers = std::map<std::string, std::string>;

HttpResponse Response(int status, Headers headers = {}) {
  return {.status = status, .url = "http://host", .headers = std::move(headers)};
}

TEST(MayPass, IsDecidedByTheStatusUnlessTheServerSays) {
  for (const int status : {408, 409, 429, 500, 502, 503, 504, 529}) {
    EXPECT_TRUE(MayPass(Response(status))) << status;
    EXPECT_FALSE(MayPass(Response(status, {{"x-should-retry", "false"}}))) << status;
  }
  for (const int status : {301, 400, 401, 403, 404, 413, 422}) {
    EXPECT_FALSE(MayPass(Response(status))) << status;
    EXPECT_TRUE(MayPass(Response(status, {{"x-should-retry", "true"}}))) << status;
  }
  EXPECT_TRUE(MayPass(Response(500, {{"x-should-retry", "perhaps"}})));
}

TEST(SecondsToWait, DoublesUpToHalfAMinuteAndEnds) {
  const double waits[] = {0.5, 1, 2, 4, 8, 16, 30};
  int tries = 0;
  for (const double wait : waits) {
    ++tries;
    EXPECT_DOUBLE_EQ(*SecondsToWait(tries, nullptr, 0), wait);
    EXPECT_DOUBLE_EQ(*SecondsToWait(tries, nullptr, 0.5), 0.75 * wait);
    const HttpResponse silent = Response(503);
    EXPECT_DOUBLE_EQ(*SecondsToWait(tries, &silent, 0), wait);
  }
  EXPECT_EQ(tries + 1, kMostTries);
  EXPECT_EQ(SecondsToWait(kMostTries, nullptr, 0), std::nullopt);
}

struct Case {
  const char* name;
  Headers headers;
  std::optional<double> wait;  // After the third try, without chance; 2 is our own.
};

class WhatTheServerAsksFor : public testing::TestWithParam<Case> {};

TEST_P(WhatTheServerAsksFor, Counts) {
  const HttpResponse response = Response(429, GetParam().headers);
  EXPECT_EQ(SecondsToWait(3, &response, 0), GetParam().wait);
}

INSTANTIATE_TEST_SUITE_P(
    Headers, WhatTheServerAsksFor,
    testing::ValuesIn(std::vector<Case>{
        {"Seconds", {{"retry-after", "20"}}, 20},
        {"Fractions", {{"retry-after", "0.25"}}, 0.25},
        {"Milliseconds", {{"retry-after-ms", "1500"}}, 1.5},
        {"MillisecondsBeforeSeconds", {{"retry-after-ms", "1500"}, {"retry-after", "20"}}, 1.5},
        {"MillisecondsThatAreNone", {{"retry-after-ms", "soon"}, {"retry-after", "20"}}, 20},
        {"ADateByTheServersClock",
         {{"retry-after", "Wed, 21 Oct 2015 07:28:30 GMT"},
          {"date", "Wed, 21 Oct 2015 07:28:00 GMT"}},
         30},
        {"ADateThatIsOver",
         {{"retry-after", "Wed, 21 Oct 2015 07:27:00 GMT"},
          {"date", "Wed, 21 Oct 2015 07:28:00 GMT"}},
         2},
        {"TwoMinutes", {{"retry-after", "120"}}, 120},
        {"MoreMeansLater", {{"retry-after", "121"}}, std::nullopt},
        {"MoreInMillisecondsToo", {{"retry-after-ms", "120001"}}, std::nullopt},
        {"Zero", {{"retry-after", "0"}}, 2},
        {"Negative", {{"retry-after", "-5"}}, 2},
        {"NegativeMilliseconds", {{"retry-after-ms", "-5"}}, 2},
        {"Infinity", {{"retry-after", "inf"}}, 2},
        {"InfiniteMilliseconds", {{"retry-after-ms", "inf"}}, std::nullopt},
        {"NotANumber", {{"retry-after", "nan"}, {"retry-after-ms", "nan"}}, 2},
        {"Words", {{"retry-after", "soon"}}, 2},
        {"Nothing", {{"retry-after", ""}, {"retry-after-ms", ""}}, 2},
    }),
    [](const auto& test) { return test.param.name; });

TEST(SecondsToWait, IsNeverLessThanTheServerAsksFor) {
  const HttpResponse response = Response(429, {{"retry-after", "20"}});
  for (const double random : {0.0, 0.3, 0.999}) {
    EXPECT_GE(*SecondsToWait(1, &response, random), 20);
    EXPECT_LE(*SecondsToWait(1, &response, random), 21);
  }
}

}  // namespace
}  // namespace merle
