// Kernels that go over rows once: activations, layer norm, softmax, normalization, dot products.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "kernels/activation.h"
#include "kernels/cpu.h"
#include "kernels/dot.h"
#include "kernels/layer_norm.h"
#include "kernels/normalize.h"
#include "kernels/softmax.h"

namespace merle {
namespace {

// 16 rows of 384: 24 KB, so that memory does not hide the arithmetic.
constexpr std::size_t kRows = 16, kCols = 384;

using Kernel = std::function<void(const Matrix<float>& x, Matrix<float>& y)>;

void CopyTo(const Matrix<float>& x, Matrix<float>& y) {
  std::copy_n(x.data(), kRows * kCols, y.data());
}

Kernel InPlace(Activation activation) {
  return [=](const Matrix<float>& x, Matrix<float>& y) {
    CopyTo(x, y);
    Activate(activation, y.view());
  };
}

struct Row {
  const char* name;
  Kernel kernel;
};

const Row kKernels[] = {
    {"copy", CopyTo},  // Included in all that work in place.
    {"gelu", InPlace(Activation::kGelu)},
    {"gelu_tanh", InPlace(Activation::kGeluTanh)},
    {"silu", InPlace(Activation::kSilu)},
    {"tanh", InPlace(Activation::kTanh)},
    {"softmax",
     [](const Matrix<float>& x, Matrix<float>& y) {
       CopyTo(x, y);
       SoftmaxRows(y.view());
     }},
    {"l2_normalize",
     [](const Matrix<float>& x, Matrix<float>& y) {
       CopyTo(x, y);
       L2NormalizeRows(y.view());
     }},
    {"layer_norm",
     [](const Matrix<float>& x, Matrix<float>& y) {
       LayerNorm(x.view(), x.Row(0), x.Row(1), 1e-12f, y.view());
     }},
    {"dot_rows", [](const Matrix<float>& x,
                    Matrix<float>& y) { DotRows(x.Row(0), x.view(), y.Row(0).first(kRows)); }},
};

void BenchRows(benchmark::State& state, std::string_view path, const Kernel& kernel) {
  SelectCpuPath(path);
  Matrix<float> x(kRows, kCols), y(kRows, kCols);
  for (std::size_t i = 0; i < kRows * kCols; ++i) {
    x.data()[i] = static_cast<float>(i % 37) * 0.2f - 3.6f;
  }
  for (auto _ : state) {
    kernel(x, y);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kRows * kCols));
}

const bool kRegistered = [] {
  for (const std::string_view path : SupportedCpuPaths()) {
    for (const Row& row : kKernels) {
      benchmark::RegisterBenchmark((std::string(row.name) + "/" + std::string(path)).c_str(),
                                   BenchRows, path, row.kernel);
    }
  }
  return true;
}();

}  // namespace
}  // namespace merle
