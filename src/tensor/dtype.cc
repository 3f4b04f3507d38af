#include "tensor/dtype.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "base/assert.h"
#include "base/error.h"
#include "base/format.h"

namespace merle {
namespace {

struct DTypeRow {
  DType dtype;
  std::string_view name;
  std::size_t bytes;
};

constexpr DTypeRow kTypes[] = {
    {DType::kBool, "BOOL", 1}, {DType::kU8, "U8", 1},   {DType::kI8, "I8", 1},
    {DType::kI16, "I16", 2},   {DType::kU16, "U16", 2}, {DType::kF16, "F16", 2},
    {DType::kBF16, "BF16", 2}, {DType::kI32, "I32", 4}, {DType::kU32, "U32", 4},
    {DType::kF32, "F32", 4},   {DType::kI64, "I64", 8}, {DType::kU64, "U64", 8},
    {DType::kF64, "F64", 8},
};

const DTypeRow& RowOf(DType dtype) noexcept {
  const DTypeRow& row = kTypes[static_cast<std::size_t>(dtype)];
  MERLE_ASSERT(row.dtype == dtype);
  return row;
}

template <typename Stored, typename Convert>
void ConvertAll(std::span<const std::byte> bytes, std::span<float> out, Convert convert) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Stored value;
    std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
    out[i] = convert(value);
  }
}

}  // namespace

std::size_t DTypeBytes(DType dtype) noexcept { return RowOf(dtype).bytes; }

std::string_view DTypeName(DType dtype) noexcept { return RowOf(dtype).name; }

std::optional<DType> ParseDType(std::string_view name) noexcept {
  for (const DTypeRow& row : kTypes) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

bool IsFloat(DType dtype) noexcept {
  return dtype == DType::kF16 || dtype == DType::kBF16 || dtype == DType::kF32 ||
         dtype == DType::kF64;
}

float FloatFromF16(std::uint16_t bits) noexcept {
  const float sign = (bits & 0x8000) != 0 ? -1.0F : 1.0F;
  const int exponent = bits >> 10 & 0x1F;
  const int fraction = bits & 0x3FF;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  if (exponent == 31) return fraction == 0 ? sign * HUGE_VALF : NAN;
  return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

void ConvertToFloat(DType dtype, std::span<const std::byte> bytes, std::span<float> out) {
  MERLE_ASSERT(bytes.size() == out.size() * DTypeBytes(dtype));
  switch (dtype) {
    case DType::kF32:
      if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
      return;
    case DType::kF64:
      ConvertAll<double>(bytes, out, [](double value) { return static_cast<float>(value); });
      return;
    case DType::kF16:
      ConvertAll<std::uint16_t>(bytes, out, FloatFromF16);
      return;
    case DType::kBF16:
      ConvertAll<std::uint16_t>(bytes, out, FloatFromBf16);
      return;
    default:
      throw Error(ErrorCode::kUnimplemented,
                  Format("weights of type {} are not supported; F32, F16, BF16 and F64 are",
                         DTypeName(dtype)));
  }
}

}  // namespace merle
