#include "kernels/dot_tile.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "kernels/kernel_test.h"
#include "kernels/tile_split.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

float FromBf16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

// Random operands of a tile; `extreme` takes the ends of the range only, where 16 bits overflow.
struct Int8Operands {
  Int8Operands(std::size_t rows, std::size_t depth_steps, bool extreme)
      : steps(depth_steps),
        x(rows * 4 * steps),
        panel(steps * kPanelStepBytes),
        sums(kPanelColumns) {
    std::mt19937 generator(7);
    const auto draw = [&](int low, int high) {
      if (extreme) return generator() % 2 == 0 ? low : high;
      return std::uniform_int_distribution<int>(low, high)(generator);
    };
    for (std::uint8_t& v : x.span()) v = static_cast<std::uint8_t>(extreme ? 255 : draw(0, 255));
    for (std::size_t c = 0; c < kPanelColumns; ++c) sums.data()[c] = 0;
    for (std::size_t i = 0; i < panel.size(); ++i) {
      panel.data()[i] = static_cast<std::int8_t>(extreme && i % 8 < 4 ? 127 : draw(-127, 127));
      sums.data()[i / 4 % kPanelColumns] += panel.data()[i];
    }
  }

  std::int32_t Expected(std::size_t r, std::size_t c) const {
    std::int32_t sum = 0;
    for (std::size_t k = 0; k < 4 * steps; ++k) {
      sum += x.data()[r * 4 * steps + k] * panel.data()[(k / 4 * kPanelColumns + c) * 4 + k % 4];
    }
    return sum;
  }

  std::size_t steps;
  AlignedBuffer<std::uint8_t> x;
  AlignedBuffer<std::int8_t> panel;
  AlignedBuffer<std::int32_t> sums;
};

TEST(DotTile, Int8KernelsGiveTheExactIntegers) {
  for (const DotKernel& kernel : Int8Kernels()) {
    if (!kernel.runs_here()) continue;
    for (const bool extreme : {false, true}) {
      for (const std::size_t steps : {1, 2, 9, 96}) {
        for (std::size_t rows = 1; rows <= kernel.max_rows; ++rows) {
          SCOPED_TRACE(testing::Message() << kernel.name << ", " << rows << " x " << steps);
          const Int8Operands o(rows, steps, extreme);
          AlignedBuffer<std::int32_t> y(rows * kPanelColumns);
          kernel.multiply(rows, {.x = o.x.data(),
                                 .x_stride = 4 * steps,
                                 .panel = o.panel.data(),
                                 .steps = steps,
                                 .init = o.sums.data(),
                                 .y = y.data(),
                                 .y_stride = kPanelColumns,
                                 .prefetch = nullptr,
                                 .prefetch_step = 0});
          for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t c = 0; c < kPanelColumns; ++c) {
              ASSERT_EQ(y.data()[r * kPanelColumns + c], o.Expected(r, c)) << r << ", " << c;
            }
          }
        }
      }
    }
  }
}

TEST(DotTile, Bf16KernelsEqualTheProductInDouble) {
  for (const DotKernel& kernel : Bf16Kernels()) {
    if (!kernel.runs_here()) continue;
    for (const std::size_t steps : {1, 2, 17, 192}) {
      for (std::size_t rows = 1; rows <= kernel.max_rows; ++rows) {
        SCOPED_TRACE(testing::Message() << kernel.name << ", " << rows << " x " << steps);
        std::mt19937 generator(3);
        std::normal_distribution<float> normal;
        const auto draw = [&] {
          return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(normal(generator)) >> 16);
        };
        AlignedBuffer<std::uint16_t> x(rows * 2 * steps), panel(steps * 2 * kPanelColumns);
        AlignedBuffer<float> init(kPanelColumns), y(rows * kPanelColumns);
        for (std::uint16_t& v : x.span()) v = draw();
        for (std::uint16_t& v : panel.span()) v = draw();
        for (float& v : init.span()) v = normal(generator);
        kernel.multiply(rows, {.x = x.data(),
                               .x_stride = 4 * steps,
                               .panel = panel.data(),
                               .steps = steps,
                               .init = init.data(),
                               .y = y.data(),
                               .y_stride = kPanelColumns,
                               .prefetch = nullptr,
                               .prefetch_step = 0});
        for (std::size_t r = 0; r < rows; ++r) {
          for (std::size_t c = 0; c < kPanelColumns; ++c) {
            double sum = init.data()[c], magnitude = std::abs(sum);
            for (std::size_t k = 0; k < 2 * steps; ++k) {
              const double product =
                  double{FromBf16(x.data()[r * 2 * steps + k])} *
                  FromBf16(panel.data()[(k / 2 * kPanelColumns + c) * 2 + k % 2]);
              sum += product;
              magnitude += std::abs(product);
            }
            const double roundings = 2.0 * static_cast<double>(2 * steps) + 1;
            ASSERT_NEAR(y.data()[r * kPanelColumns + c], sum, roundings * kFloatEps * magnitude);
          }
        }
      }
    }
  }
}

TEST(DotTile, ThePathDecidesWhichKernelIsTaken) {
  for (const std::string_view path : SupportedCpuPaths()) {
    SelectCpuPath(path);
    if (path == "plain") {
      EXPECT_EQ(ActiveInt8Kernel().name, "plain");
      EXPECT_EQ(ActiveBf16Kernel().name, "widened");
    }
    if (path == "avx2") {
      EXPECT_EQ(ActiveInt8Kernel().cpu_path, "avx2");
      EXPECT_EQ(ActiveBf16Kernel().name, "widened");
    }
    EXPECT_TRUE(ActiveInt8Kernel().runs_here());
  }
  SelectCpuPath(SupportedCpuPaths().front());
}

}  // namespace
}  // namespace merle
