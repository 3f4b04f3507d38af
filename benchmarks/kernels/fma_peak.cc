#include "kernels/fma_peak.h"

#include <cstddef>

#include "kernels/best_rate.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fma_peak.cc"  // This file, seen from benchmarks/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Does `steps` rounds of 12 independent sums: more than the 8 that two units of 4 cycles need. They
// start at different values, the caller sets the factors at run time and keeps the result, so that
// no compiler can fold, merge or drop them. Returns the operations done.
double RunFmas(size_t steps, float a, float b, float* result) {
  const hn::ScalableTag<float> d;
  const auto va = hn::Set(d, a), vb = hn::Set(d, b);
  auto s0 = vb, s1 = hn::Add(s0, va), s2 = hn::Add(s1, va), s3 = hn::Add(s2, va);
  auto s4 = hn::Add(s3, va), s5 = hn::Add(s4, va), s6 = hn::Add(s5, va), s7 = hn::Add(s6, va);
  auto s8 = hn::Add(s7, va), s9 = hn::Add(s8, va), s10 = hn::Add(s9, va), s11 = hn::Add(s10, va);
  for (size_t i = 0; i < steps; ++i) {
    s0 = hn::MulAdd(s0, va, vb), s1 = hn::MulAdd(s1, va, vb), s2 = hn::MulAdd(s2, va, vb);
    s3 = hn::MulAdd(s3, va, vb), s4 = hn::MulAdd(s4, va, vb), s5 = hn::MulAdd(s5, va, vb);
    s6 = hn::MulAdd(s6, va, vb), s7 = hn::MulAdd(s7, va, vb), s8 = hn::MulAdd(s8, va, vb);
    s9 = hn::MulAdd(s9, va, vb), s10 = hn::MulAdd(s10, va, vb), s11 = hn::MulAdd(s11, va, vb);
  }
  const auto low = hn::Add(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)), hn::Add(s4, s5));
  const auto high = hn::Add(hn::Add(hn::Add(s6, s7), hn::Add(s8, s9)), hn::Add(s10, s11));
  *result = hn::GetLane(hn::SumOfLanes(d, hn::Add(low, high)));
  return static_cast<double>(steps) * 12 * 2 * static_cast<double>(hn::Lanes(d));
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace merle {
namespace {

HWY_EXPORT(RunFmas);

}  // namespace

double MeasureFmaPeak() {
  volatile float a = 0.9f, b = 0.1f;
  return BestRate([&] {
    float result;
    const double operations = HWY_DYNAMIC_DISPATCH(RunFmas)(1'000'000, a, b, &result);
    volatile float keep = result;
    static_cast<void>(keep);
    return operations;
  });
}

}  // namespace merle
#endif
