#include "tensor/read_floats.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/file.h"
#include "tensor/dtype.h"

namespace merle {

void ReadFloats(const RandomAccessFile& file, std::uint64_t offset, DType dtype,
                std::span<float> out) {
  if (dtype == DType::kF32) return file.ReadAt(offset, std::as_writable_bytes(out));
  constexpr std::size_t kBlock = 1 << 14;  // Numbers: the buffer stays in L2.
  std::vector<std::byte> bytes(std::min(out.size(), kBlock) * DTypeBytes(dtype));
  while (!out.empty()) {
    const auto block = out.first(std::min(out.size(), kBlock));
    const auto read = std::span(bytes).first(block.size() * DTypeBytes(dtype));
    file.ReadAt(offset, read);
    ConvertToFloat(dtype, read, block);
    offset += read.size();
    out = out.subspan(block.size());
  }
}

}  // namespace merle
