// Row-major matrices: Matrix owns its memory, MatrixView borrows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

#include "base/assert.h"

namespace merle {

// A borrowed [rows, cols] matrix whose rows start `stride` elements apart (stride >= cols).
// Cheap to copy; the memory must outlive it. MatrixView<float> may write, MatrixView<const float>
// only read; the first converts to the second.
template <typename T>
class MatrixView {
 public:
  MatrixView() = default;
  MatrixView(T* data, std::size_t rows, std::size_t cols, std::size_t stride)
      : data_(data), rows_(rows), cols_(cols), stride_(stride) {
    MERLE_ASSERT(stride >= cols);
  }
  MatrixView(T* data, std::size_t rows, std::size_t cols) : MatrixView(data, rows, cols, cols) {}

  // NOLINTNEXTLINE(google-explicit-constructor): loses no information.
  operator MatrixView<const T>() const
    requires(!std::is_const_v<T>)
  {
    return {data_, rows_, cols_, stride_};
  }

  T* data() const { return data_; }
  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  std::size_t stride() const { return stride_; }

  std::span<T> Row(std::size_t r) const { return {data_ + r * stride_, cols_}; }
  T& At(std::size_t r, std::size_t c) const { return data_[r * stride_ + c]; }

  // The rows [first, first + count).
  MatrixView Rows(std::size_t first, std::size_t count) const {
    MERLE_ASSERT(first + count <= rows_);
    return {data_ + first * stride_, count, cols_, stride_};
  }
  // The columns [first, first + count).
  MatrixView Cols(std::size_t first, std::size_t count) const {
    MERLE_ASSERT(first + count <= cols_);
    return {data_ + first, rows_, count, stride_};
  }

 private:
  T* data_ = nullptr;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::size_t stride_ = 0;
};

// Memory for `size` elements of a trivial type on a cache line's border, not initialized.
template <typename T>
class AlignedBuffer {
 public:
  static constexpr std::size_t kAlignment = 64;  // Bytes: a cache line, an AVX-512 register.

  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t size)
      : data_(static_cast<T*>(::operator new(size * sizeof(T), std::align_val_t(kAlignment)))),
        size_(size) {
    static_assert(std::is_trivial_v<T>);
  }

  // Memory of somebody else, which must outlive the buffer and is never written: from a multiple of
  // kAlignment on.
  static AlignedBuffer Borrow(const T* data, std::size_t size) {
    MERLE_ASSERT(reinterpret_cast<std::uintptr_t>(data) % kAlignment == 0);
    AlignedBuffer buffer;
    buffer.data_ = {const_cast<T*>(data), Delete{.owned = false}};
    buffer.size_ = size;
    return buffer;
  }

  T* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::span<T> span() const { return {data(), size_}; }

  // Makes room for `size` elements and forgets what was there. Never shrinks.
  void Reserve(std::size_t size) {
    if (size > size_) *this = AlignedBuffer(size);
  }

 private:
  struct Delete {
    void operator()(T* data) const {
      if (owned) ::operator delete(data, std::align_val_t(kAlignment));
    }
    bool owned = true;
  };
  std::unique_ptr<T, Delete> data_;
  std::size_t size_ = 0;
};

// An owned [rows, cols] matrix, rows one after another, aligned to 64 bytes. Moves, never copies
// by accident.
template <typename T>
class Matrix {
 public:
  Matrix() = default;
  // All elements are zero.
  Matrix(std::size_t rows, std::size_t cols) : buffer_(rows * cols), rows_(rows), cols_(cols) {
    for (std::size_t i = 0; i < rows * cols; ++i) buffer_.data()[i] = T{};
  }

  // For what is written before it is read. Faster where it is large: its pages are touched once.
  static Matrix Uninitialized(std::size_t rows, std::size_t cols) {
    Matrix matrix;
    matrix.buffer_ = AlignedBuffer<T>(rows * cols);
    matrix.rows_ = rows;
    matrix.cols_ = cols;
    return matrix;
  }

  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  T* data() { return buffer_.data(); }
  const T* data() const { return buffer_.data(); }

  std::span<T> Row(std::size_t r) { return view().Row(r); }
  std::span<const T> Row(std::size_t r) const { return view().Row(r); }

  MatrixView<T> view() { return {buffer_.data(), rows_, cols_}; }
  MatrixView<const T> view() const { return {buffer_.data(), rows_, cols_}; }

 private:
  AlignedBuffer<T> buffer_;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
};

}  // namespace merle
