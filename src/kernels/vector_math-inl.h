// exp, tanh and the activation functions on vectors of float. tools/fit_polynomials.py fits the
// coefficients; activation_test.cc proves the errors that are stated here, on every path.
#if defined(MERLE_KERNELS_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MERLE_KERNELS_VECTOR_MATH_INL_H_
#undef MERLE_KERNELS_VECTOR_MATH_INL_H_
#else
#define MERLE_KERNELS_VECTOR_MATH_INL_H_
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// exp(x) = 2^n exp(r), n = round(x / ln 2), exp(r) = 1 + r + r^2 q(r) on |r| <= ln(2) / 2.
template <class V>
struct ReducedExp {
  V exp_r;
  V shifted;  // n + magic. Adding 1.5 * 2^23 rounds to an integer: it is the low bits of the sum.
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE ReducedExp<V> ReduceExp(D d, V x, V magic) {
  const V shifted = hn::MulAdd(x, hn::Set(d, 1.44269504f), magic);
  const V n = hn::Sub(shifted, magic);
  // ln 2 in two parts: n times the first is exact, also without FMA.
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693145751953f), x);
  r = hn::NegMulAdd(n, hn::Set(d, 1.42860677e-06f), r);
  V p = hn::MulAdd(hn::Set(d, 0.00138186978f), r, hn::Set(d, 0.00836871564f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.0416682921f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.166665211f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.49999994f));
  p = hn::MulAdd(p, hn::Mul(r, r), r);
  return {hn::Add(p, hn::Set(d, 1.0f)), shifted};
}

// exp(x), within 1 ulp. Results below 2^-126 become 0, NaN stays NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Exp(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const auto reduced = ReduceExp(d, x, hn::Set(d, 12582912.0f));
  // n goes straight into the exponent: no conversion, and n = 128 works where exp(r) < 1.
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(du, reduced.shifted));
  const V scaled = hn::BitCast(d, hn::Add(hn::BitCast(du, reduced.exp_r), exponent));
  // Outside [ln 2^-126, ln 2^128] the exponent has wrapped around.
  const V at_most_max = hn::IfThenElse(hn::Le(x, hn::Set(d, 88.7228317f)), scaled,
                                       hn::Add(x, hn::Inf(d)));  // NaN + inf is NaN.
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -87.3365402f)), at_most_max);
}

// The same for x < 88, in three operations fewer: for softmax, whose largest x is 0.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ExpBelow88(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  // 127 more in the magic number makes the low bits those of the float 2^n's exponent.
  const auto reduced = ReduceExp(d, x, hn::Set(d, 12582912.0f + 127.0f));
  const V power = hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(du, reduced.shifted)));
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -87.3365402f)), hn::Mul(reduced.exp_r, power));
}

// 2^x for x <= 0, within 2e-4 of itself, 2^-126 at least: for results that are rounded to 8 bits.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V NearExp2OfNegative(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const V magic = hn::Set(d, 12582912.0f);
  const V least = hn::Set(d, -126.0f);
  const V bounded = hn::IfThenElse(hn::Lt(x, least), least, x);  // Max may lose NaN.
  const V shifted = hn::Add(bounded, magic);
  const V r = hn::Sub(bounded, hn::Sub(shifted, magic));
  V p = hn::MulAdd(hn::Set(d, 0.0550090447f), r, hn::Set(d, 0.242210954f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.693282902f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f));
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(du, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(du, p), exponent));
}

// tanh(x), within 3 ulp: x + x^3 q(x^2) near 0, where 1 - 2 / (exp(2x) + 1) cancels.
struct TanhOp {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V operator()(D d, V x) const {
    const V one = hn::Set(d, 1.0f);
    const V two = hn::Set(d, 2.0f);
    const V magnitude = hn::Abs(x);
    const V square = hn::Mul(x, x);
    V q = hn::MulAdd(hn::Set(d, -0.00569229666f), square, hn::Set(d, 0.0206281673f));
    q = hn::MulAdd(q, square, hn::Set(d, -0.0537365153f));
    q = hn::MulAdd(q, square, hn::Set(d, 0.133314058f));
    q = hn::MulAdd(q, square, hn::Set(d, -0.333332807f));
    const V near = hn::MulAdd(hn::Mul(x, square), q, x);
    const V e = Exp(d, hn::Mul(magnitude, two));
    const V far = hn::CopySign(hn::Sub(one, hn::Div(two, hn::Add(e, one))), x);
    return hn::IfThenElse(hn::Lt(magnitude, hn::Set(d, 0.625f)), near, far);
  }
};

// x Phi(x), absolute error 2e-7 * max(1, |x|), of which half is the rounding of the result.
//
// gelu(x) = max(x, 0) - a T(a), a = |x|, T(a) = erfc(a / sqrt 2) / 2 = p(a)^-8. Among the forms
// with that error this has the fewest operations (15 and a division) and falls to 0 for x -> -inf.
// Form after Abramowitz & Stegun 1964, 7.1.28.
struct GeluOp {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V operator()(D d, V x) const {
    const V a = hn::Min(hn::Abs(x), hn::Set(d, 12.0f));  // T(12) = 2e-33: nothing remains.
    V p = hn::MulAdd(hn::Set(d, 2.84442285e-06f), a, hn::Set(d, -1.41472565e-05f));
    p = hn::MulAdd(p, a, hn::Set(d, 8.7391687e-05f));
    p = hn::MulAdd(p, a, hn::Set(d, 0.000166096826f));
    p = hn::MulAdd(p, a, hn::Set(d, 0.00101295731f));
    p = hn::MulAdd(p, a, hn::Set(d, 0.00940638781f));
    p = hn::MulAdd(p, a, hn::Set(d, 0.0488317087f));
    p = hn::MulAdd(p, a, hn::Set(d, 0.108759664f));
    p = hn::MulAdd(p, a, hn::Set(d, 1.09050786f));
    const V p2 = hn::Mul(p, p);
    const V p4 = hn::Mul(p2, p2);
    const V positive_part = hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);  // Max may lose NaN.
    return hn::Sub(positive_part, hn::Div(a, hn::Mul(p4, p4)));
  }
};

// The same to an absolute error of 2e-4, in half the time: for results that are rounded to 8 bits.
// gelu(x) = max(x, 0) - a (4 - a) q(a), a = min(|x|, 4).
struct NearGeluOp {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V operator()(D d, V x) const {
    const V four = hn::Set(d, 4.0f);
    const V a = hn::Min(hn::Abs(x), four);
    V q = hn::MulAdd(hn::Set(d, -4.56598318e-05f), a, hn::Set(d, 0.00120675063f));
    q = hn::MulAdd(q, a, hn::Set(d, -0.0100734076f));
    q = hn::MulAdd(q, a, hn::Set(d, 0.0346511863f));
    q = hn::MulAdd(q, a, hn::Set(d, -0.0351749696f));
    q = hn::MulAdd(q, a, hn::Set(d, -0.0619588271f));
    q = hn::MulAdd(q, a, hn::Set(d, 0.124243662f));
    const V positive_part = hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);  // Max may lose NaN.
    return hn::NegMulAdd(hn::Mul(a, hn::Sub(four, a)), q, positive_part);
  }
};

// x / 2 (1 + tanh(u)) = x / (1 + exp(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3).
struct GeluTanhOp {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V operator()(D d, V x) const {
    const V minus_2u_by_x = hn::MulAdd(hn::Mul(x, x), hn::Set(d, -0.0713548163f),  // * 0.044715
                                       hn::Set(d, -1.59576912f));  // -2 sqrt(2 / pi)
    return hn::Div(x, hn::Add(hn::Set(d, 1.0f), Exp(d, hn::Mul(x, minus_2u_by_x))));
  }
};

struct SiluOp {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Div(x, hn::Add(hn::Set(d, 1.0f), Exp(d, hn::Neg(x))));
  }
};

struct ReluOp {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);
  }
};

struct IdentityOp {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V operator()(D, V x) const {
    return x;
  }
};

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MERLE_KERNELS_VECTOR_MATH_INL_H_
