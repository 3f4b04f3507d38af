#include "base/content_hash.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cache_folder.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "base/mapped_file.h"

namespace merle {
namespace {

constexpr std::size_t kDigits = 64;

// The hash that is kept in a file beside the identity, which is compared; nothing where it isn't.
std::optional<std::string> KeptHash(const std::string& path, const std::string& identity) {
  const auto file = MappedFile::Open(path);  // Of this user alone.
  if (!file) return std::nullopt;
  const std::string_view kept(reinterpret_cast<const char*>(file->bytes().data()),
                              file->bytes().size());
  if (kept.size() <= kDigits || kept.substr(kDigits) != " " + identity) return std::nullopt;
  return std::string(kept.substr(0, kDigits));
}

std::string Sha256Of(const RandomAccessFile& file) {
  Checksum checksum(ChecksumKind::kSha256);
  std::vector<std::byte> block(1 << 20);
  for (std::uint64_t at = 0; at < file.size(); at += block.size()) {
    block.resize(std::min<std::uint64_t>(block.size(), file.size() - at));
    file.ReadAt(at, block);
    checksum.Add({reinterpret_cast<const char*>(block.data()), block.size()});
  }
  return checksum.Finish();
}

}  // namespace

std::string ContentHash(const RandomAccessFile& file, const std::string& folder) {
  const std::string identity = file.Identity();
  const std::string path = PathInCache(folder, identity, kHashEnding);
  if (auto kept = KeptHash(path, identity)) {
    MarkUsed(path);
    return *std::move(kept);
  }
  const std::string hash = Sha256Of(file);
  if (file.ChangedInTheLast(2) || file.Identity() != identity) return hash;
  try {
    MakeFolders(folder);
    RemoveUnused(folder);
    AtomicFile out = AtomicFile::ForThisUser(path);
    out.Write(hash + " " + identity);
    out.CommitWithoutSync();
  } catch (const Error& error) {
    Log(LogLevel::kInfo, Format("a checksum is not kept: {}", error.what()));
  }
  return hash;
}

}  // namespace merle
