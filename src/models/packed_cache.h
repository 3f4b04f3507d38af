// The weights of a model in the layout and arithmetic of the kernels, kept between processes, so
// that they are converted once.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/cache_entry.h"
#include "base/folder.h"
#include "base/mapped_file.h"
#include "models/encoder_model.h"
#include "models/weights.h"
#include "tensor/matrix.h"

namespace merle {

// Buffers in a fixed order, which their owner names one after another: to store them, or to take
// them from what was stored.
class PackedFields {
 public:
  PackedFields() = default;  // To store.
  explicit PackedFields(CachedFields stored) : stored_(std::move(stored)) {}

  bool stored() const { return stored_.has_value(); }

  // Storing: remembers the buffer, which must live until PackedCache::Store. Taking: makes it the
  // next `size` elements of the file, unless these are of another size: then nothing is whole().
  template <typename T>
  void Field(AlignedBuffer<T>& buffer, std::size_t size) {
    if (!stored()) {
      fields_.push_back(std::as_bytes(buffer.span()));
      return;
    }
    const auto field = stored_->Next<T>();
    whole_ = whole_ && field && field->size() == size;
    if (whole_) buffer = AlignedBuffer<T>::Borrow(field->data(), size);
  }

  // Whether all fields were of the sizes asked for, and none is left.
  bool whole() const { return whole_ && (!stored() || stored_->empty()); }

  std::span<const std::span<const std::byte>> fields() const { return fields_; }
  // What must live as long as the buffers that were taken.
  std::shared_ptr<const MappedFile> file() const { return stored() ? stored_->file() : nullptr; }

 private:
  std::vector<std::span<const std::byte>> fields_;
  std::optional<CachedFields> stored_;
  bool whole_ = true;
};

// One entry of the cache.
class PackedCache {
 public:
  PackedCache() = default;  // None.
  explicit PackedCache(CacheEntry entry) : entry_(std::move(entry)) {}

  std::optional<PackedFields> Open() const {
    auto fields = entry_.Open();
    return fields ? std::optional(PackedFields(*std::move(fields))) : std::nullopt;
  }
  void Store(const PackedFields& fields) const noexcept { entry_.Store(fields.fields()); }

 private:
  CacheEntry entry_;
};

// The entry of a model: named by the content of its config.json and weights, the arithmetic, what
// the CPU has a say in, and kPackingVersion. No cache where options.cache_folder is empty, or the
// system has no SHA-256.
PackedCache OpenPackedCache(const Folder& folder, const Weights& weights,
                            const ModelOptions& options);

}  // namespace merle
