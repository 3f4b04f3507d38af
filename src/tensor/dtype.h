// The number types of tensors in files, and how they become float32.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace merle {

enum class DType { kBool, kU8, kI8, kI16, kU16, kF16, kBF16, kI32, kU32, kF32, kI64, kU64, kF64 };

std::size_t DTypeBytes(DType dtype) noexcept;

// The name that safetensors uses: "F32", "BF16", "I8". Parse returns nothing for an unknown one.
std::string_view DTypeName(DType dtype) noexcept;
std::optional<DType> ParseDType(std::string_view name) noexcept;

bool IsFloat(DType dtype) noexcept;  // kF16, kBF16, kF32, kF64: what ConvertToFloat takes.

// Exact: every bfloat16 and every half (subnormal, infinite, NaN too) is a float.
inline float FloatFromBf16(std::uint16_t bits) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}
float FloatFromF16(std::uint16_t bits) noexcept;

// Converts little-endian elements of `dtype` to float32, rounding F64 to nearest even. `bytes` may
// be unaligned and must hold out.size() elements.
// Throws kUnimplemented for integer and bool types: weights are never those.
void ConvertToFloat(DType dtype, std::span<const std::byte> bytes, std::span<float> out);

}  // namespace merle
