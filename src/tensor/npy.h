// NumPy's .npy files of matrices.
#pragma once

#include <cstddef>
#include <string>

#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace merle {

inline constexpr std::size_t kNpyHeaderBytes = 128;  // A multiple of 64, as the format asks.

// The first kNpyHeaderBytes bytes of a .npy file, version 1.0, with a C-ordered [rows, cols]
// matrix; the rows follow. Always the same size, so that `rows` can be filled in at the end. dtype:
// kF32, kF16, kF64, kI8 or kU8. Source: numpy.lib.format, "Format Version 1.0".
std::string NpyHeader(DType dtype, std::size_t rows, std::size_t cols);

// Reads '<f4', '<f2' or '<f8' in C order, versions 1.0 to 3.0. A vector [n] becomes one row.
// Throws kNotFound if there is no file, kDataLoss if it is no .npy file or has another length than
// its header says, kUnimplemented for other types, orders and numbers of dimensions.
Matrix<float> ReadNpy(const std::string& path);

}  // namespace merle
