// Matrices in files: written row by row as .npy or .safetensors, the whole file or none, and read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace merle {

enum class VectorFormat {
  kNpy,          // numpy.load reads it.
  kSafetensors,  // One tensor, "embeddings".
};

// By the ending: .npy, .safetensors. Nothing for all others.
std::optional<VectorFormat> VectorFormatOfPath(std::string_view path) noexcept;

struct VectorFileOptions {
  VectorFormat format = VectorFormat::kNpy;
  DType dtype = DType::kF32;  // kF32, kI8 or kU8.
  std::size_t cols = 0;       // Components of a vector, fixed for the file.
};

// What stands before the rows, which follow as they lie in memory. Always the same size, so that
// `rows` can be filled in at the end.
std::string VectorFileHeader(const VectorFileOptions& options, std::size_t rows);

// Takes rows until Finish; all throw kInvalidArgument afterwards, and where the type is none of the
// three. The number of rows need not be known before.
class VectorWriter {
 public:
  // The file appears at `path`, or replaces what was there, at Finish; without Finish nothing
  // happens to it. Throws kIoError.
  static VectorWriter ToFile(const std::string& path, const VectorFileOptions& options);

  // Calls `sink` with the bytes, in order: for standard output. The header holds the number of
  // rows, so all rows stay in memory until Finish unless `rows` says it before.
  static VectorWriter ToSink(std::function<void(std::string_view bytes)> sink,
                             const VectorFileOptions& options,
                             std::optional<std::size_t> rows = std::nullopt);

  VectorWriter(VectorWriter&&) noexcept;
  VectorWriter& operator=(VectorWriter&&) noexcept;
  ~VectorWriter();

  // Writes the rows of a [n, cols] matrix of the file's type. Throws kIoError, and
  // kInvalidArgument if cols or the type are others, or there are more rows than promised.
  void Append(MatrixView<const float> rows);
  void Append(MatrixView<const std::int8_t> rows);
  void Append(MatrixView<const std::uint8_t> rows);

  // Throws kIoError, and kInvalidArgument if there are fewer rows than promised.
  void Finish();

  std::size_t rows() const;  // Written so far.

 private:
  struct State;
  explicit VectorWriter(std::unique_ptr<State> state);
  template <typename T>
  void AppendRows(MatrixView<const T> rows, DType dtype);

  std::unique_ptr<State> state_;
};

// Reads such a file of floats (F32, F16, F64; in safetensors BF16 too) into memory. Throws
// kNotFound if there is no file, kInvalidArgument if its ending is neither .npy nor .safetensors,
// kDataLoss if it is broken, has no matrix "embeddings" or a number that is not finite,
// kUnimplemented for other types and for rows of no numbers.
Matrix<float> ReadVectorFile(const std::string& path);

}  // namespace merle
