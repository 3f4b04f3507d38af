// Whether this machine can hold a model.
#pragma once

#include <cstdint>

#include "base/folder.h"

namespace merle {

// Bytes of the weights in a transformer's folder: of model.safetensors, or of the shards that
// model.safetensors.index.json names. 0 if it has neither. Throws what Folder::Open throws.
std::uint64_t WeightBytes(const Folder& folder);

// Throws kResourceExhausted if the weights are larger than all memory of this machine: a file may
// be made large without taking room on a disk.
void CheckFitsInMemory(const Folder& folder);

}  // namespace merle
