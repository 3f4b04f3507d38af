// Fuzzes the reader of safetensors files: every tensor must be exactly the bytes of the file that
// the header says, and all of them together the whole data.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness.h"
#include "json_mutator.h"
#include "tensor/dtype.h"
#include "tensor/safetensors.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace merle::fuzz {
namespace {

constexpr std::size_t kLengthBytes = 8;

std::uint64_t HeaderLength(std::string_view input) {
  std::uint64_t length = 0;
  std::memcpy(&length, input.data(), kLengthBytes);
  return length;
}

void CheckTensors(const SafetensorsFile& file, std::string_view input) {
  std::vector<const Tensor*> tensors;
  for (const auto& [name, tensor] : file.tensors()) {
    Require(name == tensor.name && file.Find(name) == &tensor, "a tensor has another name");
    std::size_t elements = 1;
    for (const std::size_t size : tensor.shape) elements *= size;
    Require(tensor.elements == elements, "the shape does not give the number of elements");
    Require(tensor.bytes == elements * DTypeBytes(tensor.dtype), "wrong number of bytes");
    tensors.push_back(&tensor);
  }
  std::ranges::sort(tensors, {}, [](const Tensor* t) { return std::pair(t->offset, t->bytes); });
  std::size_t place = kLengthBytes + HeaderLength(input);
  for (const Tensor* tensor : tensors) {
    Require(tensor->offset == place, "a tensor is not where the one before ends");
    Require(tensor->bytes <= input.size() - place, "the tensors are larger than the data");
    const std::vector<std::byte> bytes = file.Bytes(*tensor);
    Require(bytes.size() == tensor->bytes, "a tensor has another size than it says");
    Require(bytes.empty() || std::memcmp(bytes.data(), input.data() + place, bytes.size()) == 0,
            "a tensor is not the bytes at its place");
    place += tensor->bytes;
    std::vector<float> floats(tensor->elements);
    if (IsFloat(tensor->dtype)) file.ReadFloats(*tensor, 0, floats);
  }
  Require(place == input.size(), "data belongs to no tensor");
}

// The highest second offset that the header seems to have.
std::size_t DataEnd(const std::string& header) {
  constexpr std::string_view kKey = "data_offsets";
  std::size_t last = 0;
  for (std::size_t at = header.find(kKey); at != header.npos; at = header.find(kKey, at + 1)) {
    const std::size_t comma = header.find(',', at + kKey.size() + 2);
    if (comma == header.npos) break;
    last = std::max<std::size_t>(last, std::strtoull(header.c_str() + comma + 1, nullptr, 10));
  }
  return last;
}

}  // namespace
}  // namespace merle::fuzz

using namespace merle;
using namespace merle::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ScratchFolder folder;
  const std::string_view input = TextOf(data, size);
  const std::string path = folder.Write("model.safetensors", input);
  Runs([&] { CheckTensors(SafetensorsFile::Open(path), input); });
  return 0;
}

// Changes the header as JSON, and then mostly makes its length and the data fit again.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  std::minstd_rand random(seed);
  const std::string_view input = TextOf(data, size);
  if (size <= kLengthBytes || HeaderLength(input) > size - kLengthBytes || random() % 4 == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  std::string header(input.substr(kLengthBytes, HeaderLength(input)));
  std::string tensors(input.substr(kLengthBytes + header.size()));
  switch (random() % 4) {
    case 0:
      header = MutateBytes(header, header.size() + 64);
      break;
    case 1:
      break;
    default:
      header = MutateJson(header, random);
  }
  constexpr std::size_t kMostData = 1 << 14;
  if (random() % 4 != 0 && DataEnd(header) <= kMostData) tensors.resize(DataEnd(header), 'x');
  if (random() % 16 == 0) tensors.resize(tensors.size() + 1);
  const std::uint64_t length = header.size() + (random() % 16 == 0 ? random() % 3 - 1 : 0);
  std::string mutant(kLengthBytes, '\0');
  std::memcpy(mutant.data(), &length, kLengthBytes);
  mutant += header + tensors;
  if (mutant.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(mutant.begin(), mutant.end(), data);
  return mutant.size();
}
