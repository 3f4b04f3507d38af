#include "base/checked.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

namespace merle {
namespace {

constexpr std::uint64_t kMost = UINT64_MAX;

TEST(CheckedSizeTest, CountsLikeANumberWhileItFits) {
  EXPECT_TRUE((CheckedSize(3) * 4 + 5).Is(17));
  EXPECT_TRUE((CheckedSize(kMost) + 0).Is(kMost));
  EXPECT_TRUE((CheckedSize(1ull << 32) * ((1ull << 32) - 1)).Is(kMost - (1ull << 32) + 1));
  EXPECT_TRUE((CheckedSize(0) * kMost).Is(0));
  EXPECT_TRUE(CheckedSize(7).FitsIn(7));
  EXPECT_FALSE(CheckedSize(8).FitsIn(7));
}

TEST(CheckedSizeTest, OnceTooLargeItStaysSo) {
  for (const CheckedSize size :
       {CheckedSize(kMost) + 1, CheckedSize(1) + kMost, CheckedSize(1ull << 32) * (1ull << 32),
        CheckedSize(kMost) * 2, CheckedSize(kMost) * 2 * 0, CheckedSize(kMost) + 1 + 0,
        CheckedSize(0) * (CheckedSize(kMost) + 1)}) {
    EXPECT_EQ(size.value(), std::nullopt);
    EXPECT_FALSE(size.Is(0));
    EXPECT_FALSE(size.FitsIn(kMost));
  }
}

}  // namespace
}  // namespace merle
