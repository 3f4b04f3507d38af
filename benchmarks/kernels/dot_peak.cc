#include "kernels/dot_peak.h"

#include "kernels/best_rate.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace merle {
namespace {

constexpr int kSteps = 1'000'000;

// Sums enough for two instructions a cycle of up to seven cycles. They are named, since GCC 12
// keeps an array of them in memory. They start at different values, the factor comes from the
// caller and the result is kept: no compiler can fold, merge or drop them. Each returns its
// operations.

[[gnu::target("avx512f,avx512vnni")]] double RunVnni512(int factor, volatile int* keep) {
  const __m512i a = _mm512_set1_epi32(factor), b = _mm512_set1_epi32(factor + 1);
  __m512i s0 = _mm512_set1_epi32(0), s1 = _mm512_set1_epi32(1), s2 = _mm512_set1_epi32(2),
          s3 = _mm512_set1_epi32(3), s4 = _mm512_set1_epi32(4), s5 = _mm512_set1_epi32(5),
          s6 = _mm512_set1_epi32(6), s7 = _mm512_set1_epi32(7), s8 = _mm512_set1_epi32(8),
          s9 = _mm512_set1_epi32(9), s10 = _mm512_set1_epi32(10), s11 = _mm512_set1_epi32(11),
          s12 = _mm512_set1_epi32(12), s13 = _mm512_set1_epi32(13);
  for (int i = 0; i < kSteps; ++i) {
    s0 = _mm512_dpbusd_epi32(s0, a, b), s1 = _mm512_dpbusd_epi32(s1, a, b);
    s2 = _mm512_dpbusd_epi32(s2, a, b), s3 = _mm512_dpbusd_epi32(s3, a, b);
    s4 = _mm512_dpbusd_epi32(s4, a, b), s5 = _mm512_dpbusd_epi32(s5, a, b);
    s6 = _mm512_dpbusd_epi32(s6, a, b), s7 = _mm512_dpbusd_epi32(s7, a, b);
    s8 = _mm512_dpbusd_epi32(s8, a, b), s9 = _mm512_dpbusd_epi32(s9, a, b);
    s10 = _mm512_dpbusd_epi32(s10, a, b), s11 = _mm512_dpbusd_epi32(s11, a, b);
    s12 = _mm512_dpbusd_epi32(s12, a, b), s13 = _mm512_dpbusd_epi32(s13, a, b);
  }
  s0 = _mm512_add_epi32(_mm512_add_epi32(s0, s1), _mm512_add_epi32(s2, s3));
  s4 = _mm512_add_epi32(_mm512_add_epi32(s4, s5), _mm512_add_epi32(s6, s7));
  s8 = _mm512_add_epi32(_mm512_add_epi32(s8, s9), _mm512_add_epi32(s10, s11));
  s0 = _mm512_add_epi32(s0, _mm512_add_epi32(s12, s13));
  *keep = _mm512_reduce_add_epi32(_mm512_add_epi32(_mm512_add_epi32(s0, s4), s8));
  return 14.0 * kSteps * 16 * 4 * 2;
}

[[gnu::target("avx2,avxvnni")]] double RunVnni256(int factor, volatile int* keep) {
  const __m256i a = _mm256_set1_epi32(factor), b = _mm256_set1_epi32(factor + 1);
  __m256i s0 = _mm256_set1_epi32(0), s1 = _mm256_set1_epi32(1), s2 = _mm256_set1_epi32(2),
          s3 = _mm256_set1_epi32(3), s4 = _mm256_set1_epi32(4), s5 = _mm256_set1_epi32(5),
          s6 = _mm256_set1_epi32(6), s7 = _mm256_set1_epi32(7), s8 = _mm256_set1_epi32(8),
          s9 = _mm256_set1_epi32(9), s10 = _mm256_set1_epi32(10), s11 = _mm256_set1_epi32(11),
          s12 = _mm256_set1_epi32(12), s13 = _mm256_set1_epi32(13);
  for (int i = 0; i < kSteps; ++i) {
    s0 = _mm256_dpbusd_avx_epi32(s0, a, b), s1 = _mm256_dpbusd_avx_epi32(s1, a, b);
    s2 = _mm256_dpbusd_avx_epi32(s2, a, b), s3 = _mm256_dpbusd_avx_epi32(s3, a, b);
    s4 = _mm256_dpbusd_avx_epi32(s4, a, b), s5 = _mm256_dpbusd_avx_epi32(s5, a, b);
    s6 = _mm256_dpbusd_avx_epi32(s6, a, b), s7 = _mm256_dpbusd_avx_epi32(s7, a, b);
    s8 = _mm256_dpbusd_avx_epi32(s8, a, b), s9 = _mm256_dpbusd_avx_epi32(s9, a, b);
    s10 = _mm256_dpbusd_avx_epi32(s10, a, b), s11 = _mm256_dpbusd_avx_epi32(s11, a, b);
    s12 = _mm256_dpbusd_avx_epi32(s12, a, b), s13 = _mm256_dpbusd_avx_epi32(s13, a, b);
  }
  s0 = _mm256_add_epi32(_mm256_add_epi32(s0, s1), _mm256_add_epi32(s2, s3));
  s4 = _mm256_add_epi32(_mm256_add_epi32(s4, s5), _mm256_add_epi32(s6, s7));
  s8 = _mm256_add_epi32(_mm256_add_epi32(s8, s9), _mm256_add_epi32(s10, s11));
  s0 = _mm256_add_epi32(s0, _mm256_add_epi32(s12, s13));
  *keep = _mm256_extract_epi32(_mm256_add_epi32(_mm256_add_epi32(s0, s4), s8), 0);
  return 14.0 * kSteps * 8 * 4 * 2;
}

[[gnu::target("avx512f,avx512bf16")]] double RunBf16(int factor, volatile int* keep) {
  const auto a = reinterpret_cast<__m512bh>(_mm512_set1_epi32(factor));
  __m512 s0 = _mm512_set1_ps(0), s1 = _mm512_set1_ps(1), s2 = _mm512_set1_ps(2),
         s3 = _mm512_set1_ps(3), s4 = _mm512_set1_ps(4), s5 = _mm512_set1_ps(5),
         s6 = _mm512_set1_ps(6), s7 = _mm512_set1_ps(7), s8 = _mm512_set1_ps(8),
         s9 = _mm512_set1_ps(9), s10 = _mm512_set1_ps(10), s11 = _mm512_set1_ps(11),
         s12 = _mm512_set1_ps(12), s13 = _mm512_set1_ps(13);
  for (int i = 0; i < kSteps; ++i) {
    s0 = _mm512_dpbf16_ps(s0, a, a), s1 = _mm512_dpbf16_ps(s1, a, a);
    s2 = _mm512_dpbf16_ps(s2, a, a), s3 = _mm512_dpbf16_ps(s3, a, a);
    s4 = _mm512_dpbf16_ps(s4, a, a), s5 = _mm512_dpbf16_ps(s5, a, a);
    s6 = _mm512_dpbf16_ps(s6, a, a), s7 = _mm512_dpbf16_ps(s7, a, a);
    s8 = _mm512_dpbf16_ps(s8, a, a), s9 = _mm512_dpbf16_ps(s9, a, a);
    s10 = _mm512_dpbf16_ps(s10, a, a), s11 = _mm512_dpbf16_ps(s11, a, a);
    s12 = _mm512_dpbf16_ps(s12, a, a), s13 = _mm512_dpbf16_ps(s13, a, a);
  }
  s0 = _mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3));
  s4 = _mm512_add_ps(_mm512_add_ps(s4, s5), _mm512_add_ps(s6, s7));
  s8 = _mm512_add_ps(_mm512_add_ps(s8, s9), _mm512_add_ps(s10, s11));
  s0 = _mm512_add_ps(s0, _mm512_add_ps(s12, s13));
  *keep = static_cast<int>(_mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(s0, s4), s8)));
  return 14.0 * kSteps * 16 * 2 * 2;
}

using Run = double (*)(int factor, volatile int* keep);

double Measure(Run run) {
  volatile int factor = 0x3f803f80, keep = 0;  // As bfloat16: 1.
  return BestRate([&] { return run(factor, &keep); });
}

}  // namespace

double MeasureVnniPeak() {
  if (__builtin_cpu_supports("avx512vnni")) return Measure(RunVnni512);
  if (__builtin_cpu_supports("avxvnni")) return Measure(RunVnni256);
  return 0;
}

double MeasureBf16Peak() { return __builtin_cpu_supports("avx512bf16") ? Measure(RunBf16) : 0; }

}  // namespace merle

#else

namespace merle {

double MeasureVnniPeak() { return 0; }
double MeasureBf16Peak() { return 0; }

}  // namespace merle

#endif
