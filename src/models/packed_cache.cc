#include "models/packed_cache.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/content_hash.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/log.h"
#include "kernels/cpu.h"
#include "kernels/dot_tile.h"
#include "models/compute.h"
#include "models/encoder_model.h"
#include "models/packing_version.h"
#include "models/weights.h"

namespace merle {
namespace {

// What an entry depends on of this CPU and the model's use. Weights are packed and rounded alike on
// each, and quantized for the inputs that the float path had; what kAuto tried, and found good, ran
// on the kernels, and was pooled.
std::string UsePart(const ModelOptions& options) {
  if (options.compute != Compute::kAuto) return std::string(ActiveCpuPath());
  return Format("{} {} {} {}", ActiveCpuPath(), ActiveInt8Kernel().name, ActiveBf16Kernel().name,
                options.pool_name);
}

}  // namespace

PackedCache OpenPackedCache(const Folder& folder, const Weights& weights,
                            const ModelOptions& options) {
  if (options.cache_folder.empty()) return PackedCache();
  constexpr std::size_t kMostConfigBytes = 1 << 24;
  try {
    std::string key = Format("{}\n{} {}\nspecial ids:", kPackingVersion,
                             ComputeName(options.compute), UsePart(options));
    for (const std::int32_t id : options.special_ids) key += Format(" {}", id);
    for (const auto& file : weights.files()) {
      key += "\n" + ContentHash(file->file(), options.cache_folder);
    }
    key += "\n" + folder.Read("config.json", kMostConfigBytes);
    return PackedCache(CacheEntry(options.cache_folder, std::move(key)));
  } catch (const Error& error) {
    Log(LogLevel::kInfo, Format("packed weights are not kept: {}", error.what()));
    return PackedCache();
  }
}

}  // namespace merle
