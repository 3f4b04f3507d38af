// Linear on the shapes of all-MiniLM-L6-v2: GFLOP/s and the share of the core's measured FMA peak.
// "hot": the weights lie in a cache. "cold": each call uses other weights, of 64 MB together, as
// the layers of a model do.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "kernels/cpu.h"
#include "kernels/fma_peak.h"
#include "kernels/gemm.h"

namespace merle {
namespace {

struct Shape {
  const char* name;
  std::size_t in, out;
  Activation activation;
};

constexpr Shape kShapes[] = {
    {"qkv", 384, 1152, Activation::kNone},  {"out", 384, 384, Activation::kNone},
    {"up", 384, 1536, Activation::kNone},   {"up_gelu", 384, 1536, Activation::kGelu},
    {"down", 1536, 384, Activation::kNone},
};

Matrix<float> Filled(std::size_t rows, std::size_t cols) {
  Matrix<float> matrix(rows, cols);
  for (std::size_t i = 0; i < rows * cols; ++i) {
    matrix.data()[i] = static_cast<float>(i % 17) * 0.1f - 0.8f;
  }
  return matrix;
}

void BenchLinear(benchmark::State& state, std::string_view path, const Shape& shape, bool cold) {
  SelectCpuPath(path);
  const auto rows = static_cast<std::size_t>(state.range(0));
  const auto x = Filled(rows, shape.in), bias = Filled(1, shape.out);
  const std::size_t copies = cold ? (16u << 20) / (shape.in * shape.out) : 1;
  std::vector<PackedWeights> weights;
  for (std::size_t i = 0; i < copies; ++i) weights.emplace_back(Filled(shape.out, shape.in).view());
  Matrix<float> y(rows, shape.out);
  const double peak = MeasureFmaPeak();
  std::size_t next = 0;
  for (auto _ : state) {
    Linear(x.view(), weights[next++ % copies],
           {.bias = bias.Row(0), .activation = shape.activation}, y.view());
    benchmark::ClobberMemory();
  }
  const double flops = 2.0 * static_cast<double>(rows * shape.in * shape.out);
  const double done = flops * static_cast<double>(state.iterations());
  state.counters["GFLOP/s"] = benchmark::Counter(done * 1e-9, benchmark::Counter::kIsRate);
  state.counters["of_peak"] = benchmark::Counter(done / peak, benchmark::Counter::kIsRate);
}

void Register(std::string_view path, const Shape& shape, bool cold) {
  const std::string name =
      "Linear/" + std::string(path) + "/" + shape.name + (cold ? "/cold" : "/hot");
  auto* bench = benchmark::RegisterBenchmark(name.c_str(), BenchLinear, path, shape, cold);
  for (const int rows : {1, 8, 24, 96, 256, 512}) bench->Arg(rows);
}

const bool kRegistered = [] {
  for (const std::string_view path : SupportedCpuPaths()) {
    for (const Shape& shape : kShapes) {
      Register(path, shape, false);
      Register(path, shape, true);
    }
  }
  return true;
}();

}  // namespace
}  // namespace merle
