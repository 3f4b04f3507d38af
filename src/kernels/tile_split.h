// Panels and tiles: the pieces in which the matrix products work.
#pragma once

#include <cstddef>

namespace merle {

// Weights lie in panels of 32 columns. A step of a panel is what the micro-kernels take at a time:
// 4 bytes of each column, that is, one float, two bf16 or four int8 numbers of the depth.
inline constexpr std::size_t kPanelColumns = 32;
inline constexpr std::size_t kPanelStepBytes = kPanelColumns * 4;

// Splits `rows` into tiles of nearly equal height, at most max_rows: with 12, 13 rows are 7 and 6,
// since a tile of one row would take as long as one of four.
struct TileSplit {
  TileSplit(std::size_t rows, std::size_t max_rows)
      : count((rows + max_rows - 1) / max_rows), height(rows / count), taller(rows % count) {}
  std::size_t Begin(std::size_t tile) const {
    return tile * height + (tile < taller ? tile : taller);
  }
  std::size_t Rows(std::size_t tile) const { return height + (tile < taller ? 1 : 0); }

  std::size_t count;
  std::size_t height;
  std::size_t taller;  // So many tiles have one row more.
};

}  // namespace merle
