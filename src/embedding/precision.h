// Output precision: vectors as float32, bytes or bits, as sentence-transformers quantises them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace merle {

// Peer: sentence_transformers.util.quantization.quantize_embeddings (6.1).
enum class Precision {
  kFloat32,  // "float32": as they are.
  kInt8,     // "int8": a 255th of each dimension's range a step, from -128.
  kUint8,    // "uint8": the same from 0.
  kBinary,   // "binary": a bit a dimension, 8 in an int8, minus 128.
  kUbinary,  // "ubinary": the same in a uint8.
};

// Nothing for an unknown name.
std::optional<Precision> ParsePrecision(std::string_view name) noexcept;
std::string_view PrecisionName(Precision precision) noexcept;

// Of the quantised matrix: its type, and its columns for vectors of `dim` components.
DType PrecisionDType(Precision precision) noexcept;
std::size_t PrecisionCols(Precision precision, std::size_t dim) noexcept;

// Smallest and largest value of each dimension, [dim] each.
struct QuantizationRanges {
  std::vector<float> min;
  std::vector<float> max;
};

// Under this many vectors the ranges say little about later ones; the reference warns.
inline constexpr std::size_t kFewCalibrationVectors = 100;

// Over all rows of `vectors` [n, dim]. Throws kInvalidArgument if n is 0.
QuantizationRanges FindRanges(MatrixView<const float> vectors);

// q = clip(floor((x - min) / step), 0, 255) with step = (max - min) / 255, or 1 where that is 0, in
// float32 as NumPy does; int8 is q - 128. Returns the shape of `vectors`. NaN becomes the lowest
// value. Throws kInvalidArgument if the ranges have another dim.
Matrix<std::uint8_t> QuantizeUint8(MatrixView<const float> vectors,
                                   const QuantizationRanges& ranges);
Matrix<std::int8_t> QuantizeInt8(MatrixView<const float> vectors, const QuantizationRanges& ranges);

// Bit 7 of byte 0 is x[0] > 0, bit 6 is x[1] > 0, and so on, zeros at the end; binary is that minus
// 128. Returns [n, ceil(dim / 8)].
Matrix<std::uint8_t> QuantizeUbinary(MatrixView<const float> vectors);
Matrix<std::int8_t> QuantizeBinary(MatrixView<const float> vectors);

}  // namespace merle
