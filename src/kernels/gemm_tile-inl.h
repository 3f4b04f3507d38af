// The micro-kernel of Linear and Attention: a few rows times one panel of 32 columns.
#if defined(MERLE_KERNELS_GEMM_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MERLE_KERNELS_GEMM_TILE_INL_H_
#undef MERLE_KERNELS_GEMM_TILE_INL_H_
#else
#define MERLE_KERNELS_GEMM_TILE_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"
#include "kernels/tile_split.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr size_t kTileCols = kPanelColumns;

// Most rows of a tile. Each takes two vectors of sums; two vectors of the panel and one of x are
// needed beside them: 12 * 2 + 3 of 32 registers, 6 * 2 + 3 of 16. At least 4 rows, so that 8 sums
// hide the 4 cycles of two FMA units.
#if HWY_TARGET <= HWY_AVX3 || (HWY_ARCH_ARM_A64 && HWY_TARGET < HWY_EMU128)
#define MERLE_32_REGISTERS 1
#else
#define MERLE_32_REGISTERS 0
#endif
inline constexpr size_t kTileRows = MERLE_32_REGISTERS ? 12 : 6;

// y[r, c] = init[c] + sum over k < depth of x[r, k] * panel[k, c], c < 32.
struct Tile {
  const float* HWY_RESTRICT x;
  size_t x_stride;
  const float* HWY_RESTRICT panel;  // [depth, 32], aligned.
  size_t depth;
  const float* HWY_RESTRICT init;  // [32], aligned.
  float* HWY_RESTRICT y;
  size_t y_stride;
  // Memory to bring into the cache meanwhile: at each k the two lines here, then prefetch_step
  // bytes on. May run beyond what is allocated.
  const char* prefetch;
  size_t prefetch_step;
};

// Sweeps over the depth that one tile takes, each over two vectors of columns.
inline constexpr size_t kTileSweeps = kTileCols / (2 * hn::MaxLanes(hn::ScalableTag<float>()));

// One macro a row: GCC 12 keeps arrays of vectors in memory, named variables in registers.
// NOLINTBEGIN(bugprone-macro-parentheses): the arguments are numbers, and parts of names.
#define MERLE_FOR_EACH_ROW(ROW) \
  ROW(0) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6) ROW(7) ROW(8) ROW(9) ROW(10) ROW(11)
#define MERLE_START(r)                                                    \
  [[maybe_unused]] const float* HWY_RESTRICT x##r = t.x + r * t.x_stride; \
  [[maybe_unused]] auto left##r = init_left, right##r = init_right;
#define MERLE_ADD_PRODUCTS(r)                         \
  if constexpr (r < kRows) {                          \
    const auto factor = hn::Set(d, x##r[k]);          \
    left##r = hn::MulAdd(factor, b_left, left##r);    \
    right##r = hn::MulAdd(factor, b_right, right##r); \
  }
#define MERLE_STORE(r)                                  \
  if constexpr (r < kRows) {                            \
    hn::StoreU(left##r, d, y + r * y_stride);           \
    hn::StoreU(right##r, d, y + r * y_stride + kLanes); \
  }
// NOLINTEND(bugprone-macro-parentheses)

// All columns of a tile of kRows rows, two vectors of columns at a time.
template <size_t kRows>
void MultiplyRows(const Tile& t) {
  const hn::ScalableTag<float> d;
  constexpr size_t kLanes = hn::MaxLanes(d);
  const size_t depth = t.depth;
  const size_t y_stride = t.y_stride;
  const char* prefetch = t.prefetch;
  const size_t prefetch_step = t.prefetch_step;
  for (size_t c = 0; c < kTileCols; c += 2 * kLanes) {
    const auto init_left = hn::Load(d, t.init + c);
    const auto init_right = hn::Load(d, t.init + c + kLanes);
    const float* HWY_RESTRICT b = t.panel + c;
    float* HWY_RESTRICT y = t.y + c;
    MERLE_FOR_EACH_ROW(MERLE_START)
    for (size_t k = 0; k < depth; ++k, b += kTileCols) {
      __builtin_prefetch(prefetch, 0, 3);
      __builtin_prefetch(prefetch + 64, 0, 3);
      prefetch += prefetch_step;
      const auto b_left = hn::Load(d, b);
      const auto b_right = hn::Load(d, b + kLanes);
      MERLE_FOR_EACH_ROW(MERLE_ADD_PRODUCTS)
    }
    MERLE_FOR_EACH_ROW(MERLE_STORE)
  }
}

#undef MERLE_FOR_EACH_ROW
#undef MERLE_START
#undef MERLE_ADD_PRODUCTS
#undef MERLE_STORE

// Any number of rows from 1 to kTileRows. The sums of a row are the same in each.
HWY_INLINE void MultiplyTile(size_t rows, const Tile& t) {
  switch (rows) {
    case 1:
      return MultiplyRows<1>(t);
    case 2:
      return MultiplyRows<2>(t);
    case 3:
      return MultiplyRows<3>(t);
    case 4:
      return MultiplyRows<4>(t);
    case 5:
      return MultiplyRows<5>(t);
    case 6:
      return MultiplyRows<6>(t);
#if MERLE_32_REGISTERS
    case 7:
      return MultiplyRows<7>(t);
    case 8:
      return MultiplyRows<8>(t);
    case 9:
      return MultiplyRows<9>(t);
    case 10:
      return MultiplyRows<10>(t);
    case 11:
      return MultiplyRows<11>(t);
    case 12:
      return MultiplyRows<12>(t);
#endif
    default:
      HWY_ASSERT(false);
  }
}

#undef MERLE_32_REGISTERS

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MERLE_KERNELS_GEMM_TILE_INL_H_
