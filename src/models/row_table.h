// A table of embeddings in a file, read as far as it is used.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>

#include "tensor/matrix.h"
#include "tensor/safetensors.h"

namespace merle {

// A matrix [rows, cols] whose rows come into memory, in blocks, when they are first asked for: a
// text has a few of a vocabulary's 30,000 tokens, and to read them all (47 MB for MiniLM) takes as
// long as half the start of the program. May be used in several threads at once.
class RowTable {
 public:
  RowTable() = default;
  // A two-dimensional tensor of `file`, of floats.
  RowTable(std::shared_ptr<const SafetensorsFile> file, const Tensor& tensor);

  // Row r < rows, [cols], valid as long as the table. Throws kDataLoss if the file was cut since it
  // was opened.
  std::span<const float> Row(std::size_t r) const {
    if (!state_->ready[r / kBlockRows].load(std::memory_order_acquire)) ReadBlock(r / kBlockRows);
    return {state_->values.data() + r * cols_, cols_};
  }

 private:
  static constexpr std::size_t kBlockRows = 16;  // 24 KB for MiniLM: one read, and few pages.

  struct State {
    std::shared_ptr<const SafetensorsFile> file;  // Shared with the other tables of the model.
    AlignedBuffer<float> values;                  // Pages that nobody has written take no memory.
    std::unique_ptr<std::atomic<bool>[]> ready;   // By block.
    std::mutex mutex;                             // Held by who reads a block.
  };

  void ReadBlock(std::size_t block) const;

  const Tensor* tensor_ = nullptr;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::unique_ptr<State> state_;
};

}  // namespace merle
