#include "embedding/memory_check.h"

#include <unistd.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/json_reader.h"

namespace merle {
namespace {

constexpr const char* kWeights = "model.safetensors";
constexpr const char* kShardIndex = "model.safetensors.index.json";

std::uint64_t MachineBytes() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::uint64_t WeightBytes(const Folder& folder) {
  if (folder.Has(kWeights)) return folder.Open(kWeights).size();
  if (!folder.Has(kShardIndex)) return 0;
  std::set<std::string> shards;
  const JsonDocument index = JsonDocument::Load(folder, kShardIndex);
  index.root().At("weight_map").ForEachMember([&](std::string_view, const JsonValue& shard) {
    shards.emplace(shard.AsFileName());
  });
  std::uint64_t bytes = 0;
  for (const std::string& shard : shards) {  // What is wrong with one, loading tells.
    const bool there = shard.ends_with(".safetensors") && folder.Has(shard);
    if (there) bytes += folder.Open(shard).size();
  }
  return bytes;
}

void CheckFitsInMemory(const Folder& folder) {
  const std::uint64_t bytes = WeightBytes(folder);
  if (bytes <= MachineBytes()) return;
  throw Error(
      ErrorCode::kResourceExhausted,
      Format("{}: its weights have {} bytes, the memory of this machine {}",
             folder.PathOf(folder.Has(kWeights) ? kWeights : kShardIndex), bytes, MachineBytes()));
}

}  // namespace merle
