// The arithmetic peak of one core: what the GEMM benchmarks compare themselves with.
#pragma once

namespace merle {

// Floating-point operations per second of independent fused multiply-adds (two operations each) in
// registers, on the active CPU path, by the calling thread: see BestRate.
double MeasureFmaPeak();

}  // namespace merle
