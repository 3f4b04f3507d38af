// Where `embed` writes its vectors: text, JSONL, .npy or .safetensors, to a file or standard
// output.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <variant>

#include "cli/command.h"
#include "documents/record.h"
#include "tensor/matrix.h"
#include "tensor/vector_file.h"

namespace merle {

enum class LineForm { kText, kJsonl };  // A line for each vector.

using VectorForm = std::variant<LineForm, VectorFormat>;

// The form that --format, --json and the ending of -o agree on, checked before any work is done.
// Throws UsageError where they don't, for an unknown ending, for a binary form on a screen, and for
// an output that is a pipe or a device.
VectorForm ChooseVectorForm(const Invocation& invocation);

// Takes vectors block by block and keeps their order. A file appears at Finish or not at all.
class VectorOutput {
 public:
  // dim: components of a vector before --precision. Throws kIoError if the file can't be made.
  static std::unique_ptr<VectorOutput> Open(const Invocation& invocation, std::size_t dim);
  virtual ~VectorOutput() = default;

  // records: [n], whose vectors are the rows of vectors [n, dim].
  virtual void Append(std::span<const Record> records, MatrixView<const float> vectors) = 0;
  virtual void Finish() = 0;
};

}  // namespace merle
