#include "tensor/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "base/error.h"

namespace merle {
namespace {

TEST(DTypeTest, NamesAndSizesGoBothWays) {
  for (int i = 0; i <= static_cast<int>(DType::kF64); ++i) {
    const auto dtype = static_cast<DType>(i);
    EXPECT_EQ(ParseDType(DTypeName(dtype)), dtype);
    EXPECT_GE(DTypeBytes(dtype), 1u);
  }
  EXPECT_EQ(ParseDType("f32"), std::nullopt);
  EXPECT_EQ(ParseDType("F8_E4M3"), std::nullopt);
}

struct Half {
  std::uint16_t bits;
  float value;
};

TEST(DTypeTest, EveryKindOfHalfBecomesItsFloat) {
  for (const auto& [bits, value] :
       {Half{0x0000, 0.0F}, Half{0x3C00, 1.0F}, Half{0xC000, -2.0F}, Half{0x7BFF, 65504.0F},
        Half{0x0400, 6.103515625e-05F}, Half{0x0001, 5.960464477539063e-08F},
        Half{0x03FF, 6.097555160522461e-05F}, Half{0x7C00, HUGE_VALF}, Half{0xFC00, -HUGE_VALF},
        Half{0x3555, 0.333251953125F}}) {
    EXPECT_EQ(FloatFromF16(bits), value) << bits;
  }
  EXPECT_TRUE(std::isnan(FloatFromF16(0x7E00)));
  EXPECT_TRUE(std::signbit(FloatFromF16(0x8000)));
}

TEST(DTypeTest, ConvertsFromUnalignedBytes) {
  const double numbers[] = {0.1, -3.5};
  std::vector<std::byte> bytes(1 + sizeof numbers);
  std::memcpy(bytes.data() + 1, numbers, sizeof numbers);
  std::vector<float> out(2);
  ConvertToFloat(DType::kF64, std::span(bytes).subspan(1), out);
  EXPECT_EQ(out[0], 0.1F);
  EXPECT_EQ(out[1], -3.5F);

  const std::uint16_t bf16[] = {0x3F80, 0xC040};
  std::memcpy(bytes.data() + 1, bf16, sizeof bf16);
  ConvertToFloat(DType::kBF16, std::span(bytes).subspan(1, sizeof bf16), out);
  EXPECT_EQ(out[0], 1.0F);
  EXPECT_EQ(out[1], -3.0F);
}

TEST(DTypeTest, IntegersAreNoWeights) {
  std::vector<std::byte> bytes(4);
  std::vector<float> out(1);
  EXPECT_THROW(ConvertToFloat(DType::kI32, bytes, out), Error);
}

}  // namespace
}  // namespace merle
