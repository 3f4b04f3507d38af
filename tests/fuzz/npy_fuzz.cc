// Fuzzes the reader of .npy files: what it accepts must come back the same when it is written
// again.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "harness.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"
#include "tensor/npy.h"

namespace merle::fuzz {
namespace {

// Where the data of a file that was read begins: after magic, version, and a header with its
// length.
std::size_t DataBegin(std::string_view file) {
  const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(file[i])}; };
  const std::size_t length = byte(8) | byte(9) << 8;
  return byte(6) == 1 ? 10 + length : 12 + (length | byte(10) << 16 | byte(11) << 24);
}

}  // namespace
}  // namespace merle::fuzz

using namespace merle;
using namespace merle::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ScratchFolder folder;
  const std::string path = folder.Write("vectors.npy", TextOf(data, size));
  Runs([&] {
    const Matrix<float> matrix = ReadNpy(path);
    const std::size_t numbers = matrix.rows() * matrix.cols();
    const std::size_t data_bytes = size - DataBegin(TextOf(data, size));
    Require(data_bytes == 2 * numbers || data_bytes == 4 * numbers || data_bytes == 8 * numbers,
            "the numbers are not all of the data");
    const std::string_view floats(reinterpret_cast<const char*>(matrix.data()), 4 * numbers);
    const std::string again = folder.Write(
        "again.npy", NpyHeader(DType::kF32, matrix.rows(), matrix.cols()).append(floats));
    const Matrix<float> copy = ReadNpy(again);
    Require(copy.rows() == matrix.rows() && copy.cols() == matrix.cols(), "another shape");
    Require(numbers == 0 || std::memcmp(copy.data(), matrix.data(), 4 * numbers) == 0,
            "other numbers");
  });
  return 0;
}
