// What takes long to make, kept between processes: a folder of files that anyone may delete at any
// time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "base/flat_array.h"
#include "base/mapped_file.h"

namespace merle {

// The fields of an entry, to be taken in the order in which they were stored.
class CachedFields {
 public:
  // fields: part of the file.
  CachedFields(std::shared_ptr<const MappedFile> file, std::span<const std::byte> fields)
      : file_(std::move(file)), left_(fields) {}

  // The next field, from a multiple of 64 bytes on; nothing where there is none, or it is not of
  // whole elements. What the elements say is for the caller to check.
  template <typename T>
  std::optional<FlatArray<T>> Next() {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto field = NextBytes();
    if (!field || field->size() % sizeof(T) != 0) return std::nullopt;
    const std::span elements(reinterpret_cast<const T*>(field->data()), field->size() / sizeof(T));
    return FlatArray<T>(elements, file_);
  }
  bool empty() const { return left_.empty(); }  // Whether none is left.

  // What must live as long as the fields.
  const std::shared_ptr<const MappedFile>& file() const { return file_; }

 private:
  std::optional<std::span<const std::byte>> NextBytes();

  std::shared_ptr<const MappedFile> file_;  // Shared by all fields.
  std::span<const std::byte> left_;
};

// One entry. It is never trusted more than what it was made of: the file must be this user's alone,
// hold the whole key, and have the checksum of its content.
class CacheEntry {
 public:
  CacheEntry() = default;  // None: nothing is found, and nothing kept.
  // folder: made when something is stored; empty: no cache. key: all that the fields depend on.
  CacheEntry(std::string folder, std::string key);

  std::optional<CachedFields> Open() const;
  // Writes the fields, in a file that no one else may read, and removes what is old (RemoveUnused).
  // What can't be written is logged: the program works without.
  void Store(std::span<const std::span<const std::byte>> fields) const noexcept;

 private:
  std::string path_;  // Empty: none.
  std::string folder_;
  std::string key_;
};

}  // namespace merle
