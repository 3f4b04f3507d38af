// Writes .safetensors files of one matrix. The reader is in safetensors.h.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tensor/dtype.h"

namespace merle {

// Room for the names and numbers below; a multiple of 8 keeps the data aligned.
inline constexpr std::size_t kSafetensorsHeaderBytes = 256;

// The first kSafetensorsHeaderBytes bytes of a file with one tensor [rows, cols]; the rows follow.
// Always the same size, so that `rows` can be filled in at the end. name: up to 60 letters, digits,
// dots and underscores.
// Source: github.com/huggingface/safetensors, README.md, "Format".
std::string SafetensorsHeader(std::string_view name, DType dtype, std::size_t rows,
                              std::size_t cols);

}  // namespace merle
