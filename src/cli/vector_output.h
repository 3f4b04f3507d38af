// Where `embed` writes its vectors: text, JSONL, .npy or .safetensors, to a file or standard
// output.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "cli/command.h"
#include "documents/record.h"
#include "tensor/matrix.h"

namespace merle {

// The form and place that the flags ask for, checked before any work is done.
enum class VectorForm { kText, kJsonl, kNpy, kSafetensors };

// What --format, --json and the ending of -o agree on. Throws UsageError where they don't, for an
// unknown ending, and for a binary form on a screen.
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
