// The functions behind the tables of dot_tile.cc, for it alone: one file an instruction set.
#pragma once

#include <cstddef>

#include "kernels/dot_tile.h"

namespace merle {

#if defined(__x86_64__)
bool HasAvx512Vnni();
bool HasAvx512Bf16();
bool HasAvxVnni();
bool HasAvx2();
void MultiplyInt8Avx512Vnni(std::size_t rows, const DotTile& tile);
void MultiplyBf16Avx512(std::size_t rows, const DotTile& tile);
void MultiplyInt8AvxVnni(std::size_t rows, const DotTile& tile);
void MultiplyInt8Avx2(std::size_t rows, const DotTile& tile);
#elif defined(__aarch64__)
bool HasNeonDot();
void MultiplyInt8NeonDot(std::size_t rows, const DotTile& tile);
#endif

inline constexpr std::size_t kPlainInt8Rows = 4;
void MultiplyInt8Plain(std::size_t rows, const DotTile& tile);

// bf16 widened to float, on every path of Highway.
inline constexpr std::size_t kWidenedBf16Rows = 4;
void MultiplyBf16Widened(std::size_t rows, const DotTile& tile);

}  // namespace merle
