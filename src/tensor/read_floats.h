// Numbers in files, as float32.
#pragma once

#include <cstdint>
#include <span>

#include "base/file.h"
#include "tensor/dtype.h"

namespace merle {

// Reads out.size() little-endian numbers of `dtype` from byte `offset` of `file` on, with no more
// memory than a small buffer. Throws kDataLoss if the file ends before that, kUnimplemented for
// integer and bool types.
void ReadFloats(const RandomAccessFile& file, std::uint64_t offset, DType dtype,
                std::span<float> out);

}  // namespace merle
