#include "kernels/cpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_matcher.h"
#include "kernels/kernel_test.h"

namespace merle {
namespace {

using CpuPath = KernelTest;

TEST_P(CpuPath, IsActiveOnceSelected) { EXPECT_EQ(ActiveCpuPath(), GetParam()); }

INSTANTIATE_ON_ALL_CPU_PATHS(CpuPath);

TEST(CpuPaths, EndWithPlain) { EXPECT_EQ(SupportedCpuPaths().back(), "plain"); }

TEST(CpuPaths, AreNamedWhenTheWantedOneIsMissing) {
  EXPECT_THAT([] { SelectCpuPath("mmx"); },
              ThrowsError(ErrorCode::kInvalidArgument,
                          testing::AllOf(testing::HasSubstr("mmx"), testing::HasSubstr("plain"))));
}

}  // namespace
}  // namespace merle
