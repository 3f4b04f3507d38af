// Attention of one text with the 12 heads of 32 of all-MiniLM-L6-v2.
#include <benchmark/benchmark.h>

#include <string>

#include "kernels/attention.h"
#include "kernels/cpu.h"

namespace merle {
namespace {

constexpr std::size_t kHeads = 12, kHeadDim = 32, kHidden = kHeads * kHeadDim;

void BenchAttention(benchmark::State& state, std::string_view path) {
  SelectCpuPath(path);
  const auto tokens = static_cast<std::size_t>(state.range(0));
  Matrix<float> qkv(tokens, 3 * kHidden), out(tokens, kHidden);
  for (std::size_t i = 0; i < tokens * 3 * kHidden; ++i) {
    qkv.data()[i] = static_cast<float>(i % 17) * 0.1f - 0.8f;
  }
  AttentionScratch scratch;
  scratch.Reserve(tokens, kHeadDim);
  const MatrixView<const float> q = qkv.view();
  for (auto _ : state) {
    Attention(q.Cols(0, kHidden), q.Cols(kHidden, kHidden), q.Cols(2 * kHidden, kHidden), kHeads,
              0.17f, scratch, out.view());
    benchmark::ClobberMemory();
  }
  const double flops = 4.0 * static_cast<double>(tokens * tokens * kHidden);
  state.counters["GFLOP/s"] = benchmark::Counter(
      flops * static_cast<double>(state.iterations()) * 1e-9, benchmark::Counter::kIsRate);
}

const bool kRegistered = [] {
  for (const std::string_view path : SupportedCpuPaths()) {
    auto* bench = benchmark::RegisterBenchmark(("Attention/" + std::string(path)).c_str(),
                                               BenchAttention, path);
    for (const int tokens : {8, 23, 64, 128, 256, 512}) bench->Arg(tokens);
  }
  return true;
}();

}  // namespace
}  // namespace merle
