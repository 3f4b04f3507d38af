#include "tensor/safetensors.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "tensor/dtype.h"

namespace merle {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // As the reference reader.
constexpr std::size_t kMaxRank = 8;
constexpr std::int64_t kMaxSize = INT64_MAX;

// Where one tensor says it lies, before that is checked against the others.
struct Entry {
  Tensor tensor;
  std::size_t begin, end;
};

[[noreturn]] void Damaged(const std::string& path, const std::string& problem) {
  throw Error(ErrorCode::kDataLoss, Format("{}: {}; fetch the file again", path, problem));
}

// The header's JSON, from a length that is checked against the file.
std::string_view HeaderText(const std::string& path, std::span<const std::byte> bytes) {
  if (bytes.size() < kLengthBytes) {
    Damaged(path, Format("has {} bytes, a safetensors file has at least 8", bytes.size()));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > kMaxHeaderBytes || length > bytes.size() - kLengthBytes) {
    Damaged(path, Format("its header should have {} bytes, the file has {}", length, bytes.size()));
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length);
  if (!text.starts_with('{')) Damaged(path, "its header does not start with '{'");
  return text;
}

std::vector<std::size_t> ReadShape(const JsonValue& shape) {
  std::vector<std::size_t> sizes;
  shape.ForEachElement([&](JsonValue size) {
    sizes.push_back(static_cast<std::size_t>(size.AsInteger(0, kMaxSize)));
  });
  if (sizes.size() > kMaxRank) shape.Fail(Format("has {} dimensions", sizes.size()));
  return sizes;
}

Entry ReadEntry(const std::string& path, std::string_view name, const JsonValue& json) {
  Entry entry{};
  Tensor& tensor = entry.tensor;
  tensor.name = name;
  const std::string_view type = json.At("dtype").AsString();
  const auto dtype = ParseDType(type);
  if (!dtype) {
    throw Error(ErrorCode::kUnimplemented,
                Format("{}: tensor '{}' has the unknown type '{}'", path, name, type));
  }
  tensor.dtype = *dtype;
  tensor.shape = ReadShape(json.At("shape"));
  std::size_t bytes = DTypeBytes(*dtype);
  tensor.elements = 1;
  for (const std::size_t size : tensor.shape) {
    if (__builtin_mul_overflow(tensor.elements, size, &tensor.elements) ||
        __builtin_mul_overflow(bytes, size, &bytes)) {
      Damaged(path, Format("the shape of tensor '{}' is too large to be true", name));
    }
  }
  const auto offsets = json.At("data_offsets").Elements();
  if (offsets.size() != 2) Damaged(path, Format("tensor '{}' needs two data_offsets", name));
  entry.begin = static_cast<std::size_t>(offsets[0].AsInteger(0, kMaxSize));
  entry.end = static_cast<std::size_t>(offsets[1].AsInteger(0, kMaxSize));
  if (entry.begin > entry.end || entry.end - entry.begin != bytes) {
    Damaged(path, Format("tensor '{}' is at bytes {} to {}, its shape and type need {} bytes", name,
                         entry.begin, entry.end, bytes));
  }
  return entry;
}

void CheckMetadata(const JsonValue& metadata) {
  metadata.ForEachMember([](std::string_view, JsonValue value) { value.AsString(); });
}

// Throws unless the tensors, in order of their place, cover [0, data_bytes) without gap or overlap.
void CheckCover(const std::string& path, std::vector<Entry>& entries, std::size_t data_bytes) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::size_t expected = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != expected) {
      Damaged(path, Format("tensor '{}' starts at byte {} of the data, the one before ends at {}",
                           entry.tensor.name, entry.begin, expected));
    }
    expected = entry.end;
  }
  if (expected != data_bytes) {
    Damaged(path, Format("its tensors end at byte {} of the data, the file has {} bytes of data",
                         expected, data_bytes));
  }
}

}  // namespace

SafetensorsFile::SafetensorsFile(std::string path, MappedFile file)
    : path_(std::move(path)), file_(std::move(file)) {}

SafetensorsFile SafetensorsFile::Open(const std::string& path) {
  SafetensorsFile file(path, MappedFile::Open(path));
  const auto bytes = file.file_.bytes();
  const std::string_view header = HeaderText(path, bytes);
  const JsonDocument json = JsonDocument::Parse(header, path, {.max_bytes = kMaxHeaderBytes});

  std::vector<Entry> entries;
  json.root().ForEachMember([&](std::string_view name, JsonValue value) {
    if (name == "__metadata__") {
      CheckMetadata(value);
    } else {
      entries.push_back(ReadEntry(path, name, value));
    }
  });
  const auto data = bytes.subspan(kLengthBytes + header.size());
  CheckCover(path, entries, data.size());
  for (Entry& entry : entries) {
    entry.tensor.bytes = data.subspan(entry.begin, entry.end - entry.begin);
    std::string name = entry.tensor.name;
    file.tensors_.emplace(std::move(name), std::move(entry.tensor));
  }
  return file;
}

const Tensor* SafetensorsFile::Find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace merle
