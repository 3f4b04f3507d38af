#include "embedding/precision.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

struct PrecisionRow {
  Precision precision;
  std::string_view name;
  DType dtype;
  std::size_t dims_per_element;
};

constexpr PrecisionRow kPrecisions[] = {
    {Precision::kFloat32, "float32", DType::kF32, 1}, {Precision::kInt8, "int8", DType::kI8, 1},
    {Precision::kUint8, "uint8", DType::kU8, 1},      {Precision::kBinary, "binary", DType::kI8, 8},
    {Precision::kUbinary, "ubinary", DType::kU8, 8},
};

const PrecisionRow& RowOf(Precision precision) noexcept {
  return *std::find_if(std::begin(kPrecisions), std::end(kPrecisions),
                       [&](const PrecisionRow& row) { return row.precision == precision; });
}

// -128 moves the range of an unsigned byte to that of a signed one: it flips the highest bit.
Matrix<std::int8_t> MinusHalfRange(const Matrix<std::uint8_t>& bytes) {
  Matrix<std::int8_t> shifted(bytes.rows(), bytes.cols());
  std::transform(bytes.data(), bytes.data() + bytes.rows() * bytes.cols(), shifted.data(),
                 [](std::uint8_t byte) { return static_cast<std::int8_t>(byte - 128); });
  return shifted;
}

}  // namespace

std::optional<Precision> ParsePrecision(std::string_view name) noexcept {
  for (const PrecisionRow& row : kPrecisions) {
    if (row.name == name) return row.precision;
  }
  return std::nullopt;
}

std::string_view PrecisionName(Precision precision) noexcept { return RowOf(precision).name; }

DType PrecisionDType(Precision precision) noexcept { return RowOf(precision).dtype; }

std::size_t PrecisionCols(Precision precision, std::size_t dim) noexcept {
  const std::size_t dims_per_element = RowOf(precision).dims_per_element;
  return (dim + dims_per_element - 1) / dims_per_element;
}

QuantizationRanges FindRanges(MatrixView<const float> vectors) {
  if (vectors.rows() == 0) {
    throw Error(ErrorCode::kInvalidArgument, "no vectors to take the ranges of dimensions from");
  }
  const auto first = vectors.Row(0);
  QuantizationRanges ranges{.min = {first.begin(), first.end()},
                            .max = {first.begin(), first.end()}};
  for (std::size_t r = 1; r < vectors.rows(); ++r) {
    const auto row = vectors.Row(r);
    for (std::size_t j = 0; j < row.size(); ++j) {
      ranges.min[j] = std::min(ranges.min[j], row[j]);
      ranges.max[j] = std::max(ranges.max[j], row[j]);
    }
  }
  return ranges;
}

Matrix<std::uint8_t> QuantizeUint8(MatrixView<const float> vectors,
                                   const QuantizationRanges& ranges) {
  const std::size_t dim = vectors.cols();
  if (ranges.min.size() != dim || ranges.max.size() != dim) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("ranges of {} and {} dimensions for vectors of {}", ranges.min.size(),
                       ranges.max.size(), dim));
  }
  std::vector<float> steps(dim);
  for (std::size_t j = 0; j < dim; ++j) {
    steps[j] = (ranges.max[j] - ranges.min[j]) / 255.0F;
    if (steps[j] == 0.0F) steps[j] = 1.0F;
  }
  Matrix<std::uint8_t> quantized(vectors.rows(), dim);
  for (std::size_t r = 0; r < vectors.rows(); ++r) {
    const auto in = vectors.Row(r);
    const auto out = quantized.Row(r);
    for (std::size_t j = 0; j < dim; ++j) {
      const float level = std::floor((in[j] - ranges.min[j]) / steps[j]);
      // The comparison also sends NaN to 0.
      out[j] = level > 0.0F ? static_cast<std::uint8_t>(std::min(level, 255.0F)) : 0;
    }
  }
  return quantized;
}

Matrix<std::int8_t> QuantizeInt8(MatrixView<const float> vectors,
                                 const QuantizationRanges& ranges) {
  return MinusHalfRange(QuantizeUint8(vectors, ranges));
}

Matrix<std::uint8_t> QuantizeUbinary(MatrixView<const float> vectors) {
  Matrix<std::uint8_t> bits(vectors.rows(), PrecisionCols(Precision::kUbinary, vectors.cols()));
  for (std::size_t r = 0; r < vectors.rows(); ++r) {
    const auto in = vectors.Row(r);
    const auto out = bits.Row(r);
    for (std::size_t j = 0; j < in.size(); ++j) {
      const unsigned bit = in[j] > 0.0F ? 0x80U >> (j % 8) : 0U;
      out[j / 8] = static_cast<std::uint8_t>(out[j / 8] | bit);
    }
  }
  return bits;
}

Matrix<std::int8_t> QuantizeBinary(MatrixView<const float> vectors) {
  return MinusHalfRange(QuantizeUbinary(vectors));
}

}  // namespace merle
