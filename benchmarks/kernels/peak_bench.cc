// Peaks of the machine: fused multiply-adds of one core on each CPU path, and memory bandwidth.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "kernels/cpu.h"
#include "kernels/dot.h"
#include "kernels/fma_peak.h"

namespace merle {
namespace {

void FmaPeak(benchmark::State& state, std::string_view path) {
  SelectCpuPath(path);
  double peak = 0;
  for (auto _ : state) peak = MeasureFmaPeak();
  state.counters["GFLOP/s"] = peak * 1e-9;
}

// Reads `bytes` again and again, as a dot product with itself would.
void ReadBandwidth(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  const std::vector<float> data(bytes / sizeof(float), 1.0f);
  for (auto _ : state) benchmark::DoNotOptimize(Dot(data, data));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
}
// In L1, L2, the last level, and memory.
BENCHMARK(ReadBandwidth)->Arg(16 << 10)->Arg(512 << 10)->Arg(8 << 20)->Arg(256 << 20);

void CopyBandwidth(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  const std::vector<char> from(bytes, 'x');
  std::vector<char> to(bytes);
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), bytes);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes * 2));
}
BENCHMARK(CopyBandwidth)->Arg(256 << 20);

const bool kRegistered = [] {
  for (const std::string_view path : SupportedCpuPaths()) {
    benchmark::RegisterBenchmark(("FmaPeak/" + std::string(path)).c_str(), FmaPeak, path)
        ->Iterations(1);
  }
  return true;
}();

}  // namespace
}  // namespace merle
