// Where `embed` writes its vectors: text, JSONL, .npy or .safetensors, to a file or standard
// output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/row_encoder.h"
#include "documents/record.h"
#include "tensor/matrix.h"

namespace merle {

class Checkpoints;

// Whether -o names no file.
bool ToStandardOutput(const Options& options);

// The form that --format, --json and the ending of -o agree on, checked before any work is done.
// Throws UsageError where they don't, for an unknown ending, for a binary form on a screen, for an
// output that is a pipe or a device, for --resume without a file, and for a --precision that no
// shard can have.
VectorForm ChooseVectorForm(const Invocation& invocation);

// Bytes before the first vector of the file that VectorOutput writes first: a header, which changes
// at the end. dim: components of a vector before --precision.
std::uint64_t HeaderBytes(const Invocation& invocation, std::size_t dim);

// Takes vectors block by block and keeps their order, in bounded memory.
class VectorOutput {
 public:
  // checkpoints: with what will be the file of -o, empty or with what an earlier output of the same
  // kind wrote; must outlive this. Nothing for standard output. Throws kIoError.
  static std::unique_ptr<VectorOutput> Open(const Invocation& invocation, std::size_t dim,
                                            Checkpoints* checkpoints);
  virtual ~VectorOutput() = default;

  // records: [n], whose vectors are the rows of vectors [n, dim].
  virtual void Append(std::span<const Record> records, MatrixView<const float> vectors) = 0;
  // Puts the file in its place. texts: all that were appended, by earlier outputs too.
  virtual void Finish(std::size_t texts) = 0;
};

}  // namespace merle
