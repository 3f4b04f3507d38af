#include "kernels/cpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_matcher.h"
#include "kernels/kernel_test.h"

namespace merle {
namespace {

using CpuPath = KernelTest;

TEST_P(CpuPath, IsActiveOnceSelected) { EXPECT_EQ(ActiveCpuPath(), GetParam()); }

TEST_P(CpuPath, StaysActiveWhenSomebodyAsksForThePaths) {
  SupportedCpuPaths();
  EXPECT_EQ(ActiveCpuPath(), GetParam());
}

TEST_P(CpuPath, IsAtLeastItselfAndWhatComesAfter) {
  bool active_seen = false;
  for (const std::string_view path : SupportedCpuPaths()) {
    active_seen = active_seen || path == GetParam();
    EXPECT_EQ(CpuPathIsAtLeast(path), active_seen) << path;
  }
  EXPECT_FALSE(CpuPathIsAtLeast("mmx"));
}

INSTANTIATE_ON_ALL_CPU_PATHS(CpuPath);

// What every CPU of the architecture has.
#ifdef __aarch64__
constexpr const char* kLeast = "neon";
#else
constexpr const char* kLeast = "plain";
#endif

TEST(CpuPaths, EndWithWhatEveryCpuHas) { EXPECT_EQ(SupportedCpuPaths().back(), kLeast); }

TEST(CpuPaths, AreNamedWhenTheWantedOneIsMissing) {
  EXPECT_THAT([] { SelectCpuPath("mmx"); },
              ThrowsError(ErrorCode::kInvalidArgument,
                          testing::AllOf(testing::HasSubstr("mmx"), testing::HasSubstr(kLeast))));
}

}  // namespace
}  // namespace merle
