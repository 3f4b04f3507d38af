#include "base/content_hash.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file.h"
#include "base/fingerprint.h"
#include "base/format.h"
#include "base/log.h"

namespace merle {
namespace {

constexpr std::size_t kDigits = 64;

// Where the hash of a file is kept; the file there repeats the identity, which is compared.
std::string PathOf(const std::string& folder, const std::string& identity) {
  Fingerprint fingerprint;
  fingerprint.Add(identity);
  return Format("{}/{:016x}.sha256", folder, fingerprint.value());
}

// The content of a small file, or nothing.
std::string ReadIfPossible(const std::string& path) {
  try {
    return ReadFile(path, 4096);
  } catch (const Error&) {
    return "";
  }
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
  const std::string path = PathOf(folder, identity);
  const std::string kept = ReadIfPossible(path);
  if (kept.size() > kDigits && kept.compare(kDigits, kept.npos, " " + identity) == 0) {
    return kept.substr(0, kDigits);
  }
  const std::string hash = Sha256Of(file);
  if (file.ChangedInTheLast(2) || file.Identity() != identity) return hash;
  try {
    MakeFolders(folder);
    AtomicFile out(path);
    out.Write(hash + " " + identity);
    out.CommitWithoutSync();
  } catch (const Error& error) {
    Log(LogLevel::kInfo, Format("a checksum is not kept: {}", error.what()));
  }
  return hash;
}

}  // namespace merle
