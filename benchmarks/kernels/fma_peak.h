// The arithmetic peak of one core: what the GEMM benchmarks compare themselves with.
#pragma once

namespace merle {

// Floating-point operations per second of independent fused multiply-adds (two operations each) in
// registers, on the active CPU path. Of the process's CPU time, as google-benchmark counts its
// rates; the best of several runs of some milliseconds.
double MeasureFmaPeak();

}  // namespace merle
