// The weights of a model in the layout and arithmetic of the kernels, kept between processes, so
// that they are converted once: a folder of files that anyone may delete at any time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
  PackedFields(std::shared_ptr<const MappedFile> file, std::span<const std::byte> fields)
      : file_(std::move(file)), left_(fields) {}

  bool stored() const { return file_ != nullptr; }

  // Storing: remembers the buffer, which must live until PackedCache::Store. Taking: makes it the
  // next `size` elements of the file, unless these are of another size: then nothing is whole().
  template <typename T>
  void Field(AlignedBuffer<T>& buffer, std::size_t size) {
    if (!stored()) {
      fields_.push_back(std::as_bytes(buffer.span()));
    } else if (const std::byte* bytes = Take(size * sizeof(T))) {
      buffer = AlignedBuffer<T>::Borrow(reinterpret_cast<const T*>(bytes), size);
    }
  }

  // Whether all fields were of the sizes asked for, and none is left.
  bool whole() const { return whole_ && left_.empty(); }

  std::span<const std::span<const std::byte>> fields() const { return fields_; }
  // What must live as long as the buffers that were taken.
  std::shared_ptr<const MappedFile> file() const { return file_; }

 private:
  // The next field, of `size` bytes, or null.
  const std::byte* Take(std::size_t size);

  std::vector<std::span<const std::byte>> fields_;
  std::shared_ptr<const MappedFile> file_;
  std::span<const std::byte> left_;
  bool whole_ = true;
};

// One entry of the cache. It is never trusted more than the model: the file must be this user's
// alone, hold the whole key, and have the checksum of its content.
class PackedCache {
 public:
  // folder: made when something is stored; empty: no cache. key: all that the fields depend on.
  PackedCache(std::string folder, std::string key);

  std::optional<PackedFields> Open() const;
  // Writes the fields, and removes entries that nobody has used for 30 days. What can't be written
  // is logged: the model works without.
  void Store(const PackedFields& fields) const noexcept;

 private:
  std::string path_;  // Empty: none.
  std::string folder_;
  std::string key_;
};

// The entry of a model: named by the content of its config.json and weights, the arithmetic and the
// CPU path. No cache where options.cache_folder is empty, or the system has no SHA-256.
PackedCache OpenPackedCache(const Folder& folder, const Weights& weights,
                            const ModelOptions& options);

}  // namespace merle
