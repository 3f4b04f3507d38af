// Fuzzes the reader of .npy files: what it accepts must come back the same when it is written
// again.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "harness.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"
#include "tensor/npy.h"

using namespace merle;
using namespace merle::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ScratchFolder folder;
  const std::string path = folder.Write("vectors.npy", TextOf(data, size));
  Runs([&] {
    const Matrix<float> matrix = ReadNpy(path);
    const std::size_t numbers = matrix.rows() * matrix.cols();
    Require(numbers < size, "more numbers than the file has bytes");
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
