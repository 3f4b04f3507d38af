// Reads safetensors files: named tensors in one file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "tensor/dtype.h"

namespace merle {

// What a file says about one of its tensors.
struct Tensor {
  std::string name;
  DType dtype;
  std::vector<std::size_t> shape;
  std::size_t elements;  // Product of the shape; 1 for a scalar.
  std::uint64_t offset;  // Of its first byte in the file.
  std::size_t bytes;     // elements * DTypeBytes(dtype)
};

// An open file in the safetensors format (github.com/huggingface/safetensors, "Format"):
//
//   OFFSET  SIZE  FIELD
//        0     8  N: length of the header, little-endian
//        8     N  header: JSON object, name -> {"dtype", "shape", "data_offsets": [begin, end]}
//                 and perhaps "__metadata__" -> {string: string}; may end in spaces
//    8 + N     …  data; offsets count from here, tensors cover it without gap or overlap
//
// Immutable; may be read in several threads.
class SafetensorsFile {
 public:
  // Checks the whole header against the file's size before anything is used.
  // Throws kNotFound if there is no file, kDataLoss if it is not whole and well-formed,
  // kUnimplemented for an element type that Merle doesn't know; the message names file and tensor.
  static SafetensorsFile Open(const std::string& path);
  static SafetensorsFile Open(RandomAccessFile file);

  const std::string& path() const { return file_.path(); }
  const RandomAccessFile& file() const { return file_; }
  std::uint64_t header_bytes() const { return header_bytes_; }

  // The tensor called `name`, or null. Valid as long as this file.
  const Tensor* Find(std::string_view name) const;
  const std::map<std::string, Tensor, std::less<>>& tensors() const { return tensors_; }

  // The numbers of a tensor of this file. Both throw kDataLoss if the file was cut or written to
  // since it was opened.
  std::vector<std::byte> Bytes(const Tensor& tensor) const;
  // Writes out.size() of them, from element `first` on, to `out`. Throws kUnimplemented unless
  // IsFloat(tensor.dtype).
  void ReadFloats(const Tensor& tensor, std::size_t first, std::span<float> out) const;

 private:
  explicit SafetensorsFile(RandomAccessFile file) : file_(std::move(file)) {}

  RandomAccessFile file_;
  std::uint64_t header_bytes_ = 0;
  std::map<std::string, Tensor, std::less<>> tensors_;
};

}  // namespace merle
