#include "models/weights.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"
#include "tensor/safetensors.h"

namespace merle {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";

// The names of the shards in an index, each a plain file name beside it.
std::set<std::string> ShardNames(const std::string& index_path) {
  const JsonDocument index = JsonDocument::Load(index_path);
  std::set<std::string> names;
  index.root().At("weight_map").ForEachMember([&](std::string_view, JsonValue value) {
    const std::string name(value.AsString());
    if (name.empty() || name == "." || name == ".." || name.find('/') != name.npos) {
      value.Fail(Format("names '{}', which is not a file of this folder", name));
    }
    names.insert(name);
  });
  return names;
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

}  // namespace

Weights Weights::Open(const std::string& folder, std::string prefix) {
  Weights weights;
  weights.folder_ = folder;
  weights.prefix_ = std::move(prefix);
  const fs::path root(folder);
  if (fs::exists(root / kSingleFile)) {
    weights.files_.push_back(SafetensorsFile::Open((root / kSingleFile).string()));
  } else if (fs::exists(root / kIndexFile)) {
    for (const std::string& name : ShardNames((root / kIndexFile).string())) {
      weights.files_.push_back(SafetensorsFile::Open((root / name).string()));
    }
  } else if (fs::exists(root / "pytorch_model.bin")) {
    throw Error(ErrorCode::kUnimplemented,
                Format("{}: has its weights as a pickle only (pytorch_model.bin), which can run "
                       "code when it is read; convert it to model.safetensors",
                       folder));
  } else {
    throw Error(ErrorCode::kNotFound, Format("{}: has no {}", folder, kSingleFile));
  }
  return weights;
}

const Tensor* Weights::Find(std::string_view name) const {
  const std::string old_name = OldName(name);
  for (const std::string& candidate :
       {std::string(name), prefix_ + std::string(name), old_name, prefix_ + old_name}) {
    for (const SafetensorsFile& file : files_) {
      if (const Tensor* tensor = file.Find(candidate)) return tensor;
    }
  }
  return nullptr;
}

const float* Weights::Floats(std::string_view name, std::span<const std::size_t> shape) {
  const Tensor* tensor = Find(name);
  if (tensor == nullptr) {
    throw Error(ErrorCode::kDataLoss,
                Format("{}: its weights lack the tensor '{}'", folder_, name));
  }
  if (!std::equal(shape.begin(), shape.end(), tensor->shape.begin(), tensor->shape.end())) {
    throw Error(ErrorCode::kDataLoss,
                Format("{}: the tensor '{}' has the shape {}, config.json makes it {}", folder_,
                       tensor->name, ShapeText(tensor->shape), ShapeText(shape)));
  }
  parameters_ += tensor->elements;
  const std::byte* bytes = tensor->bytes.data();
  if (tensor->dtype == DType::kF32 &&
      reinterpret_cast<std::uintptr_t>(bytes) % alignof(float) == 0) {
    return reinterpret_cast<const float*>(bytes);
  }
  AlignedBuffer<float>& floats = converted_.emplace_back(tensor->elements);
  ConvertToFloat(tensor->dtype, tensor->bytes, {floats.data(), tensor->elements});
  return floats.data();
}

MatrixView<const float> Weights::GetMatrix(std::string_view name, std::size_t rows,
                                           std::size_t cols) {
  const std::size_t shape[] = {rows, cols};
  return {Floats(name, shape), rows, cols};
}

std::span<const float> Weights::GetVector(std::string_view name, std::size_t size) {
  const std::size_t shape[] = {size};
  return {Floats(name, shape), size};
}

}  // namespace merle
