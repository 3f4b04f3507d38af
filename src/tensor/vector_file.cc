#include "tensor/vector_file.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"
#include "tensor/npy.h"
#include "tensor/safetensors.h"
#include "tensor/safetensors_writer.h"

namespace merle {
namespace {

constexpr std::string_view kTensorName = "embeddings";

// The matrix of a .safetensors file.
Matrix<float> ReadEmbeddings(const std::string& path) {
  const SafetensorsFile file = SafetensorsFile::Open(path);
  const Tensor* tensor = file.Find(kTensorName);
  if (tensor == nullptr || tensor->shape.size() != 2) {
    throw Error(ErrorCode::kDataLoss, Format("{}: has no matrix called '{}'", path, kTensorName));
  }
  if (tensor->shape[1] == 0 && tensor->shape[0] > 0) {
    throw Error(ErrorCode::kUnimplemented, Format("{}: tensor '{}' has {} rows without numbers",
                                                  path, kTensorName, tensor->shape[0]));
  }
  if (!IsFloat(tensor->dtype)) {
    throw Error(ErrorCode::kUnimplemented,
                Format("{}: tensor '{}' has numbers of type {}; vectors are read as floats: F32, "
                       "F16, BF16 or F64",
                       path, kTensorName, DTypeName(tensor->dtype)));
  }
  auto vectors = Matrix<float>::Uninitialized(tensor->shape[0], tensor->shape[1]);
  file.ReadFloats(*tensor, 0, {vectors.data(), tensor->elements});
  return vectors;
}

void CheckType(DType dtype) {
  if (dtype == DType::kF32 || dtype == DType::kI8 || dtype == DType::kU8) return;
  throw Error(ErrorCode::kInvalidArgument,
              Format("vector files of {} can't be written: F32, I8 or U8", DTypeName(dtype)));
}

}  // namespace

std::optional<VectorFormat> VectorFormatOfPath(std::string_view path) noexcept {
  if (path.ends_with(".npy")) return VectorFormat::kNpy;
  if (path.ends_with(".safetensors")) return VectorFormat::kSafetensors;
  return std::nullopt;
}

std::string VectorFileHeader(const VectorFileOptions& options, std::size_t rows) {
  return options.format == VectorFormat::kNpy
             ? NpyHeader(options.dtype, rows, options.cols)
             : SafetensorsHeader(kTensorName, options.dtype, rows, options.cols);
}

struct VectorWriter::State {
  VectorFileOptions options;
  std::size_t rows = 0;

  // One of these two is there.
  std::optional<AtomicFile> file;
  std::function<void(std::string_view)> sink;

  std::optional<std::size_t> promised_rows;  // Then the sink gets everything at once.
  std::string held;                          // Else the rows wait here for the header.
  bool finished = false;

  void CheckOpen() const {
    if (finished) throw Error(ErrorCode::kInvalidArgument, "the vector file is finished");
  }

  void Write(std::string_view bytes) {
    if (file) {
      file->Write(bytes);
    } else if (promised_rows) {
      sink(bytes);
    } else {
      held.append(bytes);
    }
  }
};

VectorWriter VectorWriter::ToFile(const std::string& path, const VectorFileOptions& options) {
  CheckType(options.dtype);
  auto state = std::make_unique<State>();
  state->options = options;
  state->file.emplace(path);
  state->file->Write(VectorFileHeader(options, 0));  // Finish writes the true one over it.
  return VectorWriter(std::move(state));
}

VectorWriter VectorWriter::ToSink(std::function<void(std::string_view)> sink,
                                  const VectorFileOptions& options,
                                  std::optional<std::size_t> rows) {
  CheckType(options.dtype);
  auto state = std::make_unique<State>();
  state->options = options;
  state->sink = std::move(sink);
  state->promised_rows = rows;
  if (rows) state->sink(VectorFileHeader(options, *rows));
  return VectorWriter(std::move(state));
}

VectorWriter::VectorWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
VectorWriter::VectorWriter(VectorWriter&&) noexcept = default;
VectorWriter& VectorWriter::operator=(VectorWriter&&) noexcept = default;
VectorWriter::~VectorWriter() = default;

template <typename T>
void VectorWriter::AppendRows(MatrixView<const T> rows, DType dtype) {
  state_->CheckOpen();
  const VectorFileOptions& options = state_->options;
  if (rows.cols() != options.cols || dtype != options.dtype) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("rows of {} {} for a vector file of {} {} each", rows.cols(),
                       DTypeName(dtype), options.cols, DTypeName(options.dtype)));
  }
  if (state_->promised_rows && rows.rows() > *state_->promised_rows - state_->rows) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("more vectors than the {} that were announced", *state_->promised_rows));
  }
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    const auto bytes = std::as_bytes(rows.Row(r));
    state_->Write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  state_->rows += rows.rows();
}

void VectorWriter::Append(MatrixView<const float> rows) { AppendRows(rows, DType::kF32); }
void VectorWriter::Append(MatrixView<const std::int8_t> rows) { AppendRows(rows, DType::kI8); }
void VectorWriter::Append(MatrixView<const std::uint8_t> rows) { AppendRows(rows, DType::kU8); }

void VectorWriter::Finish() {
  state_->CheckOpen();
  if (state_->promised_rows && state_->rows != *state_->promised_rows) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("{} vectors, {} were announced", state_->rows, *state_->promised_rows));
  }
  if (state_->file) {
    state_->file->WriteAt(0, VectorFileHeader(state_->options, state_->rows));
    state_->file->Commit();
  } else if (!state_->promised_rows) {
    state_->sink(VectorFileHeader(state_->options, state_->rows));
    state_->sink(state_->held);
  }
  state_->finished = true;
}

std::size_t VectorWriter::rows() const { return state_->rows; }

Matrix<float> ReadVectorFile(const std::string& path) {
  const auto format = VectorFormatOfPath(path);
  if (!format) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("{}: vectors are read from .npy and .safetensors files", path));
  }
  auto vectors = *format == VectorFormat::kNpy ? ReadNpy(path) : ReadEmbeddings(path);
  for (std::size_t r = 0; r < vectors.rows(); ++r) {
    if (!std::ranges::all_of(vectors.Row(r), [](float x) { return std::isfinite(x); })) {
      throw Error(ErrorCode::kDataLoss,
                  Format("{}: row {} has a number that is not finite", path, r));
    }
  }
  return vectors;
}

}  // namespace merle
