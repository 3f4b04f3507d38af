// The vector functions behind the kernels, where no kernel shows their errors alone.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/kernel_test.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/vector_math_test.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"
#include "kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {

// n must be a multiple of the vector length.
void ExpOnTarget(float* x, size_t n) {
  const hn::ScalableTag<float> d;
  for (size_t i = 0; i < n; i += hn::Lanes(d)) hn::StoreU(Exp(d, hn::LoadU(d, x + i)), d, x + i);
}

void ExpBelow88OnTarget(float* x, size_t n) {
  const hn::ScalableTag<float> d;
  for (size_t i = 0; i < n; i += hn::Lanes(d)) {
    hn::StoreU(ExpBelow88(d, hn::LoadU(d, x + i)), d, x + i);
  }
}

void NearExp2OnTarget(float* x, size_t n) {
  const hn::ScalableTag<float> d;
  for (size_t i = 0; i < n; i += hn::Lanes(d)) {
    hn::StoreU(NearExp2OfNegative(d, hn::LoadU(d, x + i)), d, x + i);
  }
}

void NearGeluOnTarget(float* x, size_t n) {
  const hn::ScalableTag<float> d;
  for (size_t i = 0; i < n; i += hn::Lanes(d)) {
    hn::StoreU(NearGeluOp()(d, hn::LoadU(d, x + i)), d, x + i);
  }
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace merle {
namespace {

HWY_EXPORT(ExpOnTarget);
HWY_EXPORT(ExpBelow88OnTarget);
HWY_EXPORT(NearExp2OnTarget);
HWY_EXPORT(NearGeluOnTarget);

using ExpTest = KernelTest;

constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<float> Exp(std::vector<float> x) {
  x.resize((x.size() + 15) / 16 * 16);
  HWY_DYNAMIC_DISPATCH(ExpOnTarget)(x.data(), x.size());
  return x;
}

std::vector<float> ExpBelow88(std::vector<float> x) {
  x.resize((x.size() + 15) / 16 * 16);
  HWY_DYNAMIC_DISPATCH(ExpBelow88OnTarget)(x.data(), x.size());
  return x;
}

// Every 997th float from `first` up to `last`, both of one sign.
std::vector<float> FloatsBetween(float first, float last) {
  std::vector<float> floats;
  const auto bits = std::bit_cast<std::uint32_t>(first);
  const auto end = std::bit_cast<std::uint32_t>(last);
  for (std::uint32_t b = bits; b <= end; b += 997) floats.push_back(std::bit_cast<float>(b));
  floats.push_back(last);
  return floats;
}

void ExpectWithinOneUlp(const std::vector<float>& x, const std::vector<float>& y) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double exact = std::exp(double{x[i]});
    const auto nearest = static_cast<float>(exact);
    const double ulp = std::nextafter(nearest, kInf) - double{nearest};
    ASSERT_LE(std::abs(y[i] - exact), ulp) << "exp(" << x[i] << ")";
  }
}

TEST_P(ExpTest, IsWithinOneUlp) {
  const auto positive = FloatsBetween(0.0f, 88.722f), negative = FloatsBetween(-0.0f, -87.336f);
  ExpectWithinOneUlp(positive, Exp(positive));
  ExpectWithinOneUlp(negative, Exp(negative));
  ExpectWithinOneUlp(negative, ExpBelow88(negative));
}

TEST_P(ExpTest, HasItsLimits) {
  const auto y = Exp({kInf, -kInf, 88.73f, -87.34f, 1e30f, -1e30f, 0.0f, 88.7228317f});
  EXPECT_EQ(y[0], kInf);
  EXPECT_EQ(y[1], 0.0f);
  EXPECT_EQ(y[2], kInf);
  EXPECT_EQ(y[3], 0.0f);
  EXPECT_EQ(y[4], kInf);
  EXPECT_EQ(y[5], 0.0f);
  EXPECT_EQ(y[6], 1.0f);
  EXPECT_LT(y[7], kInf);
  const auto below = ExpBelow88({-kInf, -87.34f, -1e30f, 0.0f});
  EXPECT_EQ(below[0], 0.0f);
  EXPECT_EQ(below[1], 0.0f);
  EXPECT_EQ(below[2], 0.0f);
  EXPECT_EQ(below[3], 1.0f);
}

TEST_P(ExpTest, KeepsNanWhateverItsPayload) {
  for (const std::uint32_t bits : {0x7fc00000u, 0xffc00000u, 0x7fc00001u, 0x7fc001ffu}) {
    const auto nan = std::bit_cast<float>(bits);
    EXPECT_TRUE(std::isnan(Exp({nan})[0]));
    EXPECT_TRUE(std::isnan(ExpBelow88({nan})[0]));
  }
}

using NearTest = KernelTest;

TEST_P(NearTest, Exp2IsWithin2e4OfItself) {
  std::vector<float> x;
  for (int i = 0; i < 160000; ++i) x.push_back(-1e-3f * static_cast<float>(i));
  x.push_back(-INFINITY);
  x.push_back(NAN);
  x.resize(160016);
  std::vector<float> y = x;
  HWY_DYNAMIC_DISPATCH(NearExp2OnTarget)(y.data(), y.size());
  for (int i = 0; i < 160000; ++i) {
    const double exact = std::exp2(double{x[i]});
    ASSERT_NEAR(y[i], exact, 2e-4 * exact + 0x1p-126) << x[i];
  }
  EXPECT_NEAR(y[160000], 0, 0x1p-126);
  EXPECT_TRUE(std::isnan(y[160001]));
}

TEST_P(NearTest, GeluIsWithin2e4) {
  std::vector<float> x;
  for (int i = -160000; i < 160000; ++i) x.push_back(1e-4f * static_cast<float>(i));
  x.push_back(-INFINITY);
  x.push_back(INFINITY);
  x.push_back(NAN);
  x.resize(320016);
  std::vector<float> y = x;
  HWY_DYNAMIC_DISPATCH(NearGeluOnTarget)(y.data(), y.size());
  for (int i = 0; i < 320000; ++i) {
    const double exact = 0.5 * x[i] * std::erfc(-x[i] / std::sqrt(2.0));
    ASSERT_NEAR(y[i], exact, 2e-4) << x[i];
  }
  EXPECT_EQ(y[320000], 0);
  EXPECT_EQ(y[320001], INFINITY);
  EXPECT_TRUE(std::isnan(y[320002]));
}

INSTANTIATE_ON_ALL_CPU_PATHS(NearTest);

INSTANTIATE_ON_ALL_CPU_PATHS(ExpTest);

}  // namespace
}  // namespace merle
#endif
