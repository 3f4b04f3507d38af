#include "tensor/safetensors.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/byte_reader.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/quote.h"
#include "tensor/dtype.h"
#include "tensor/read_floats.h"

namespace merle {
namespace {

constexpr std::size_t kLengthBytes = 8;
// The largest models have some ten thousand tensors in shards of a few hundred kB of header each.
// The reference reader takes 100 MB, which would be a GB of JSON in memory.
constexpr std::uint64_t kMaxHeaderBytes = 25'000'000;
constexpr std::size_t kMaxTensors = 1 << 17;
constexpr std::size_t kMaxRank = 8;
constexpr std::int64_t kMaxSize = INT64_MAX;

[[noreturn]] void Damaged(const std::string& path, const std::string& problem) {
  throw Error(ErrorCode::kDataLoss, Format("{}: {}; fetch the file again", path, problem));
}

// The header's JSON, of a length that is checked against the file.
std::string ReadHeader(const RandomAccessFile& file) {
  if (file.size() < kLengthBytes) {
    Damaged(file.path(),
            Format("has {} bytes, a safetensors file has at least {}", file.size(), kLengthBytes));
  }
  const std::string head = file.ReadHead(kLengthBytes);
  const std::uint64_t length = ByteReader(head, file.path()).Unsigned(kLengthBytes);
  if (length > kMaxHeaderBytes || !(CheckedSize(length) + kLengthBytes).FitsIn(file.size())) {
    Damaged(file.path(),
            Format("its header should have {} bytes, the file has {}", length, file.size()));
  }
  std::string text(length, '\0');
  file.ReadAt(kLengthBytes, std::as_writable_bytes(std::span(text)));
  if (!text.starts_with('{')) Damaged(file.path(), "its header does not start with '{'");
  return text;
}

std::vector<std::size_t> ReadShape(const JsonValue& shape) {
  if (shape.Size() > kMaxRank) shape.Fail(Format("has {} dimensions", shape.Size()));
  std::vector<std::size_t> sizes;
  shape.ForEachElement([&](JsonValue size) {
    sizes.push_back(static_cast<std::size_t>(size.AsInteger(0, kMaxSize)));
  });
  return sizes;
}

// One member of the header. The tensor's offset counts from the begin of the data.
Tensor ReadTensor(const std::string& path, std::string_view name, const JsonValue& json) {
  Tensor tensor{};
  tensor.name = name;
  const std::string_view type = json.At("dtype").AsString();
  const auto dtype = ParseDType(type);
  if (!dtype) {
    throw Error(ErrorCode::kUnimplemented,
                Format("{}: tensor {} has the unknown type {}", path, Quoted(name), Quoted(type)));
  }
  tensor.dtype = *dtype;
  tensor.shape = ReadShape(json.At("shape"));
  CheckedSize wanted = DTypeBytes(*dtype);
  for (const std::size_t size : tensor.shape) wanted = wanted * size;
  if (!wanted.value()) {
    Damaged(path, Format("the shape of tensor {} is too large to be true", Quoted(name)));
  }
  tensor.bytes = *wanted.value();
  tensor.elements = tensor.bytes / DTypeBytes(*dtype);
  const JsonValue both = json.At("data_offsets");
  if (both.Size() != 2) {
    Damaged(path, Format("tensor {} needs two data_offsets", Quoted(name)));
  }
  const auto offsets = both.Elements();
  const auto begin = static_cast<std::uint64_t>(offsets[0].AsInteger(0, kMaxSize));
  const auto end = static_cast<std::uint64_t>(offsets[1].AsInteger(0, kMaxSize));
  if (!(CheckedSize(begin) + wanted).Is(end)) {
    Damaged(path, Format("tensor {} is at bytes {} to {}, its shape and type need {} bytes",
                         Quoted(name), begin, end, tensor.bytes));
  }
  tensor.offset = begin;
  return tensor;
}

void CheckMetadata(const JsonValue& metadata) {
  metadata.ForEachMember([](std::string_view, JsonValue value) { value.AsString(); });
}

// Throws unless the tensors, in order of their place, cover [0, data_bytes) without gap or overlap.
void CheckCover(const std::string& path, std::vector<Tensor>& tensors, std::uint64_t data_bytes) {
  std::ranges::sort(tensors, {},
                    [](const Tensor& tensor) { return std::pair(tensor.offset, tensor.bytes); });
  std::uint64_t expected = 0;
  for (const Tensor& tensor : tensors) {
    if (tensor.offset != expected) {
      Damaged(path, Format("tensor {} starts at byte {} of the data, the one before ends at {}",
                           Quoted(tensor.name), tensor.offset, expected));
    }
    expected += tensor.bytes;  // No overflow: ReadTensor has checked offset + bytes.
  }
  if (expected != data_bytes) {
    Damaged(path, Format("its tensors end at byte {} of the data, the file has {} bytes of data",
                         expected, data_bytes));
  }
}

}  // namespace

SafetensorsFile SafetensorsFile::Open(const std::string& path) {
  return Open(RandomAccessFile::Open(path));
}

SafetensorsFile SafetensorsFile::Open(RandomAccessFile opened) {
  SafetensorsFile file(std::move(opened));
  const std::string& path = file.path();
  const std::string header = ReadHeader(file.file_);
  const JsonDocument json = JsonDocument::Parse(header, path, {.max_bytes = kMaxHeaderBytes});

  if (json.root().Size() > kMaxTensors) {
    Damaged(path, Format("has more than {} tensors", kMaxTensors));
  }
  file.header_bytes_ = header.size();
  std::vector<Tensor> tensors;
  json.root().ForEachMember([&](std::string_view name, JsonValue value) {
    if (name == "__metadata__") {
      CheckMetadata(value);
    } else {
      tensors.push_back(ReadTensor(path, name, value));
    }
  });
  const std::uint64_t data_begin = kLengthBytes + header.size();
  CheckCover(path, tensors, file.file_.size() - data_begin);
  for (Tensor& tensor : tensors) {
    tensor.offset += data_begin;
    std::string name = tensor.name;
    file.tensors_.emplace(std::move(name), std::move(tensor));
  }
  return file;
}

const Tensor* SafetensorsFile::Find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

std::vector<std::byte> SafetensorsFile::Bytes(const Tensor& tensor) const {
  std::vector<std::byte> bytes(tensor.bytes);
  file_.ReadAt(tensor.offset, bytes);
  file_.ThrowIfChanged();
  return bytes;
}

void SafetensorsFile::ReadFloats(const Tensor& tensor, std::size_t first,
                                 std::span<float> out) const {
  MERLE_ASSERT(first <= tensor.elements && out.size() <= tensor.elements - first);
  merle::ReadFloats(file_, tensor.offset + first * DTypeBytes(tensor.dtype), tensor.dtype, out);
  file_.ThrowIfChanged();
}

}  // namespace merle
