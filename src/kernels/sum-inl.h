// Sums of many terms in a fixed order.
#if defined(MERLE_KERNELS_SUM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MERLE_KERNELS_SUM_INL_H_
#undef MERLE_KERNELS_SUM_INL_H_
#else
#define MERLE_KERNELS_SUM_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Returns the sum of `n` terms. add_terms(i, count, sum) adds terms i .. i + count - 1 to the first
// `count` lanes of `sum`; count is Lanes(d), and less once, at the end.
//
// The order depends on n and the vector length alone. Four sums: an addition takes 4 cycles (3 on
// some cores), and two loads a cycle feed at most one addition of products.
template <class D, class AddTerms>
HWY_INLINE float SumTerms(D d, size_t n, const AddTerms& add_terms) {
  const size_t lanes = hn::Lanes(d);
  auto sum0 = hn::Zero(d), sum1 = hn::Zero(d), sum2 = hn::Zero(d), sum3 = hn::Zero(d);
  size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    sum0 = add_terms(i, lanes, sum0);
    sum1 = add_terms(i + lanes, lanes, sum1);
    sum2 = add_terms(i + 2 * lanes, lanes, sum2);
    sum3 = add_terms(i + 3 * lanes, lanes, sum3);
  }
  for (; i + lanes <= n; i += lanes) sum0 = add_terms(i, lanes, sum0);
  if (i < n) sum1 = add_terms(i, n - i, sum1);
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3))));
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MERLE_KERNELS_SUM_INL_H_
