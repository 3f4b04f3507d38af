#include "hub/retry.h"

#include <gtest/gtest.h>

#include "base/stopwatch.h"

namespace merle {
namespace {

TEST(WithRetries, EndsWhenItsTimeIsUp) {
  const Stopwatch watch;
  int tries = 0;
  EXPECT_THROW(WithRetries(
                   [&] {
                     ++tries;
                     throw TransientError("later", 0);
                   },
                   [] { return true; }, 0.9),
               TransientError);
  EXPECT_EQ(tries, 2);  // The next would begin after 0.5 s and 0.5 s more.
  EXPECT_LT(watch.Seconds(), 0.9);
}

}  // namespace
}  // namespace merle
