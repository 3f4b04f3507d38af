// An array that never changes: memory of its own, or a part of a mapped file.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace merle {

// Cheap to copy, and may be read in many threads: the copies share the elements.
template <typename T>
class FlatArray {
 public:
  FlatArray() = default;
  explicit FlatArray(std::vector<T> elements) {
    const auto own = std::make_shared<const std::vector<T>>(std::move(elements));
    elements_ = *own;
    owner_ = own;
  }
  // elements: valid as long as `owner` lives.
  FlatArray(std::span<const T> elements, std::shared_ptr<const void> owner)
      : elements_(elements), owner_(std::move(owner)) {}

  const T& operator[](std::size_t i) const noexcept { return elements_[i]; }
  const T* data() const noexcept { return elements_.data(); }
  std::size_t size() const noexcept { return elements_.size(); }
  auto begin() const noexcept { return elements_.begin(); }
  auto end() const noexcept { return elements_.end(); }

  std::span<const std::byte> bytes() const noexcept { return std::as_bytes(elements_); }

 private:
  std::span<const T> elements_;
  std::shared_ptr<const void> owner_;  // Shared by copies, and by all arrays of one file.
};

}  // namespace merle
