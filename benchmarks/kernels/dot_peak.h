// The peaks of one core in the dot-product instructions of short numbers.
#pragma once

namespace merle {

// Operations per second by the calling thread, a multiplication and an addition counted as two, of
// independent instructions in registers: see BestRate. The widest form that the CPU has; 0 where it
// has none.
double MeasureVnniPeak();  // vpdpbusd: 8-bit integers, sums of 32 bits. AVX512-VNNI, else AVX-VNNI.
double MeasureBf16Peak();  // vdpbf16ps: bfloat16, sums in float. AVX512-BF16.

}  // namespace merle
