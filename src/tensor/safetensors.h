// Reads safetensors files: named tensors in one memory-mapped file.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "tensor/dtype.h"

namespace merle {

// One tensor of a file. `bytes` borrows from the file and may start at any address.
struct Tensor {
  std::string name;
  DType dtype;
  std::vector<std::size_t> shape;
  std::size_t elements;  // Product of the shape; 1 for a scalar.
  std::span<const std::byte> bytes;
};

// A file in the safetensors format (github.com/huggingface/safetensors, "Format"), mapped
// read-only:
//
//   OFFSET  SIZE  FIELD
//        0     8  N: length of the header, little-endian
//        8     N  header: JSON object, name -> {"dtype", "shape", "data_offsets": [begin, end]},
//        and
//                 perhaps "__metadata__" -> {string: string}; may end in spaces
//    8 + N     …  data; offsets count from here, tensors cover it without gap or overlap
//
// Immutable; may be read in several threads.
class SafetensorsFile {
 public:
  // Checks the whole header against the file's size before anything is used.
  // Throws kNotFound if there is no file, kDataLoss if it is not whole and well-formed,
  // kUnimplemented for an element type that Merle doesn't know; the message names file and tensor.
  static SafetensorsFile Open(const std::string& path);

  const std::string& path() const { return path_; }

  // The tensor called `name`, or null. Valid as long as this file.
  const Tensor* Find(std::string_view name) const;
  const std::map<std::string, Tensor, std::less<>>& tensors() const { return tensors_; }

 private:
  SafetensorsFile(std::string path, MappedFile file);

  std::string path_;
  MappedFile file_;
  std::map<std::string, Tensor, std::less<>> tensors_;
};

}  // namespace merle
