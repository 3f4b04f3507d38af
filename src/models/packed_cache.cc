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
#include "models/compute.h"
#include "models/encoder_model.h"
#include "models/weights.h"

namespace merle {

PackedCache OpenPackedCache(const Folder& folder, const Weights& weights,
                            const ModelOptions& options) {
  if (options.cache_folder.empty()) return PackedCache();
  constexpr std::size_t kMostConfigBytes = 1 << 24;
  try {
    std::string key = Format("{} {}\nspecial ids:", ComputeName(options.compute), ActiveCpuPath());
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
