#include "kernels/cpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "kernels/kernel_test.h"

namespace merle {
namespace {

using CpuPath = KernelTest;

TEST_P(CpuPath, IsActiveOnceSelected) { EXPECT_EQ(ActiveCpuPath(), GetParam()); }

INSTANTIATE_ON_ALL_CPU_PATHS(CpuPath);

TEST(CpuPaths, EndWithPlain) { EXPECT_EQ(SupportedCpuPaths().back(), "plain"); }

TEST(CpuPaths, AreNamedWhenTheWantedOneIsMissing) {
  try {
    SelectCpuPath("mmx");
    FAIL() << "no throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.what(), testing::HasSubstr("mmx"));
    EXPECT_THAT(error.what(), testing::HasSubstr("plain"));
  }
}

}  // namespace
}  // namespace merle
