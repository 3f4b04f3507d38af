#include "models/weights.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/quote.h"
#include "models/row_table.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"
#include "tensor/safetensors.h"

namespace merle {
namespace {

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";
constexpr std::uint64_t kMostHeaderBytes = 25'000'000;  // Of all shards, as of a single file.
constexpr std::size_t kMostShards = 512;  // Each is an open file; the largest models have some 200.

// Files with weights that Merle does not read, as models have them beside or instead of
// safetensors.
constexpr struct {
  const char* name;
  const char* what;
} kOtherWeights[] = {
    {"pytorch_model.bin", "a pickle, which can run code when it is read"},
    {"pytorch_model.bin.index.json", "pickles, which can run code when they are read"},
    {"pytorch_model.pt", "a pickle, which can run code when it is read"},
    {"model.pt", "a pickle, which can run code when it is read"},
    {"model.pkl", "a pickle, which can run code when it is read"},
    {"model.ckpt", "a pickle, which can run code when it is read"},
    {"tf_model.h5", "a TensorFlow checkpoint"},
    {"flax_model.msgpack", "a Flax checkpoint"},
    {"model.onnx", "an ONNX graph"},
};

[[noreturn]] void FailWithoutWeights(const Folder& folder) {
  for (const auto& [name, what] : kOtherWeights) {
    if (!folder.Has(name)) continue;
    throw Error(ErrorCode::kUnimplemented, Format("{}: is {}; convert the model to {}",
                                                  folder.PathOf(name), what, kSingleFile));
  }
  throw Error(ErrorCode::kNotFound, Format("{}: has no {}", folder.path(), kSingleFile));
}

std::shared_ptr<const SafetensorsFile> OpenFile(const Folder& folder, std::string_view name) {
  return std::make_shared<const SafetensorsFile>(SafetensorsFile::Open(folder.Open(name)));
}

// The tensors that an index says each shard has.
std::map<std::string, std::vector<std::string>> ReadIndex(const JsonValue& weight_map) {
  std::map<std::string, std::vector<std::string>> shards;
  weight_map.ForEachMember([&](std::string_view tensor, const JsonValue& value) {
    const std::string name(value.AsFileName());
    if (!name.ends_with(".safetensors")) {
      value.Fail(Format("is in {}, only .safetensors files are read", Quoted(name)),
                 ErrorCode::kUnimplemented);
    }
    shards[name].emplace_back(tensor);
    if (shards.size() > kMostShards) {
      weight_map.Fail(Format("names more than {} files", kMostShards));
    }
  });
  return shards;
}

// Opens the shards of an index. Each tensor that it names must be in its shard, and no shard may
// have others: then every tensor is there once.
Weights::Files OpenShards(const Folder& folder) {
  const JsonDocument index = JsonDocument::Load(folder, kIndexFile);
  const JsonValue weight_map = index.root().At("weight_map");
  Weights::Files files;
  std::uint64_t header_bytes = 0;
  for (const auto& [name, tensors] : ReadIndex(weight_map)) {
    files.push_back(OpenFile(folder, name));
    const SafetensorsFile& file = *files.back();
    for (const std::string& tensor : tensors) {
      if (file.Find(tensor) != nullptr) continue;
      weight_map.At(tensor).Fail(
          Format("should be in {}, which lacks it; fetch both files again", Quoted(name)));
    }
    if (file.tensors().size() != tensors.size()) {
      weight_map.Fail(Format("names {} tensors of {}, which has {}; fetch both files again",
                             tensors.size(), Quoted(name), file.tensors().size()));
    }
    header_bytes += file.header_bytes();
    if (header_bytes > kMostHeaderBytes) {
      weight_map.Fail(Format("has files with more than {} bytes of headers", kMostHeaderBytes));
    }
  }
  return files;
}

std::string ShapeText(std::span<const std::size_t> shape) {
  std::string text;
  for (const std::size_t size : shape) {
    text += (text.empty() ? "" : ", ") + std::to_string(size);
  }
  return "[" + text + "]";
}

// The name that a checkpoint of before 2019 has for a layer norm's tensor; empty for others.
std::string OldName(std::string_view name) {
  for (const auto& [now, then] : {std::pair("LayerNorm.weight", "LayerNorm.gamma"),
                                  std::pair("LayerNorm.bias", "LayerNorm.beta")}) {
    if (name.ends_with(now)) {
      return std::string(name.substr(0, name.size() - std::string_view(now).size())) + then;
    }
  }
  return {};
}

// A file may be made larger than all memory without taking room on a disk.
void CheckFitsInMemory(const std::string& path, const Weights::Files& files) {
  std::uint64_t bytes = 0;
  for (const auto& file : files) bytes += file->file().size();
  const auto machine_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                             static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (bytes <= machine_bytes) return;
  throw Error(ErrorCode::kResourceExhausted,
              Format("{}: its weights have {} bytes, the memory of this machine {}", path, bytes,
                     machine_bytes));
}

}  // namespace

Weights Weights::Open(const Folder& folder, std::string prefix) {
  Weights weights;
  weights.prefix_ = std::move(prefix);
  if (folder.Has(kSingleFile)) {
    weights.path_ = folder.PathOf(kSingleFile);
    weights.files_.push_back(OpenFile(folder, kSingleFile));
  } else if (folder.Has(kIndexFile)) {
    weights.path_ = folder.PathOf(kIndexFile);
    weights.files_ = OpenShards(folder);
  } else {
    FailWithoutWeights(folder);
  }
  CheckFitsInMemory(weights.path_, weights.files_);
  return weights;
}

Weights::Found Weights::Find(std::string_view name) const {
  const std::string old_name = OldName(name);
  for (const std::string& candidate :
       {std::string(name), prefix_ + std::string(name), old_name, prefix_ + old_name}) {
    for (const auto& file : files_) {
      if (const Tensor* tensor = file->Find(candidate)) return {file, tensor};
    }
  }
  return {nullptr, nullptr};
}

Weights::Found Weights::Expect(std::string_view name, std::span<const std::size_t> shape) const {
  const Found found = Find(name);
  if (found.tensor == nullptr) {
    throw Error(ErrorCode::kDataLoss, Format("{}: lacks the tensor '{}'", path_, name));
  }
  const Tensor& tensor = *found.tensor;
  if (!std::ranges::equal(shape, tensor.shape)) {
    throw Error(ErrorCode::kDataLoss,
                Format("{}: the tensor '{}' has the shape {}, config.json makes it {}",
                       found.file->path(), tensor.name, ShapeText(tensor.shape), ShapeText(shape)));
  }
  if (!IsFloat(tensor.dtype)) {
    throw Error(ErrorCode::kUnimplemented,
                Format("{}: the tensor '{}' is of type {}; weights of F32, F16, BF16 and F64 are "
                       "supported",
                       found.file->path(), tensor.name, DTypeName(tensor.dtype)));
  }
  return found;
}

Matrix<float> Weights::GetMatrix(std::string_view name, std::size_t rows, std::size_t cols) {
  const std::size_t shape[] = {rows, cols};
  const auto [file, tensor] = Expect(name, shape);
  auto matrix = Matrix<float>::Uninitialized(rows, cols);
  file->ReadFloats(*tensor, 0, {matrix.data(), tensor->elements});
  parameters_ += tensor->elements;
  return matrix;
}

void Weights::SkipMatrix(std::string_view name, std::size_t rows, std::size_t cols) {
  const std::size_t shape[] = {rows, cols};
  parameters_ += Expect(name, shape).tensor->elements;
}

RowTable Weights::GetTable(std::string_view name, std::size_t rows, std::size_t cols) {
  const std::size_t shape[] = {rows, cols};
  const auto [file, tensor] = Expect(name, shape);
  parameters_ += tensor->elements;
  return RowTable(file, *tensor);
}

AlignedBuffer<float> Weights::GetVector(std::string_view name, std::size_t size) {
  const std::size_t shape[] = {size};
  const auto [file, tensor] = Expect(name, shape);
  AlignedBuffer<float> vector(size);
  file->ReadFloats(*tensor, 0, vector.span());
  parameters_ += tensor->elements;
  return vector;
}

}  // namespace merle
