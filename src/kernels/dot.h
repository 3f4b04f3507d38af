// Dot products of float32 vectors.
#pragma once

#include <span>

#include "tensor/matrix.h"

namespace merle {

// Returns the sum of a[i] * b[i]; a and b are of one size.
float Dot(std::span<const float> a, std::span<const float> b) noexcept;

// scores[r] = Dot(query, table.Row(r)), the same bits: query [cols], table [rows, cols], scores
// [rows].
void DotRows(std::span<const float> query, MatrixView<const float> table,
             std::span<float> scores) noexcept;

}  // namespace merle
