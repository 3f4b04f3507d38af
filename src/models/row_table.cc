#include "models/row_table.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

#include "base/assert.h"
#include "tensor/matrix.h"
#include "tensor/safetensors.h"

namespace merle {

RowTable::RowTable(std::shared_ptr<const SafetensorsFile> file, const Tensor& tensor)
    : tensor_(&tensor), state_(std::make_unique<State>()) {
  MERLE_ASSERT(tensor.shape.size() == 2);
  rows_ = tensor.shape[0];
  cols_ = tensor.shape[1];
  state_->file = std::move(file);
  state_->values = AlignedBuffer<float>(tensor.elements);
  state_->ready = std::make_unique<std::atomic<bool>[]>((rows_ + kBlockRows - 1) / kBlockRows);
}

void RowTable::ReadBlock(std::size_t block) const {
  const std::lock_guard lock(state_->mutex);
  if (state_->ready[block].load(std::memory_order_relaxed)) return;
  const std::size_t first = block * kBlockRows;
  const std::size_t rows = std::min(kBlockRows, rows_ - first);
  state_->file->ReadFloats(*tensor_, first * cols_,
                           {state_->values.data() + first * cols_, rows * cols_});
  state_->ready[block].store(true, std::memory_order_release);
}

}  // namespace merle
