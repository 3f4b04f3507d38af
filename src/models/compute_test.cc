#include "models/compute.h"

#include <gtest/gtest.h>

#include <optional>

namespace merle {
namespace {

TEST(Compute, NamesAreReadAsTheyAreWritten) {
  for (const Compute compute : {Compute::kF32, Compute::kBf16, Compute::kInt8, Compute::kAuto}) {
    EXPECT_EQ(ParseCompute(ComputeName(compute)), compute);
  }
  EXPECT_EQ(ParseCompute("f64"), std::nullopt);
}

}  // namespace
}  // namespace merle
