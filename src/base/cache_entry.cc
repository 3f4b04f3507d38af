#include "base/cache_entry.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/cache_folder.h"
#include "base/fast_checksum.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "base/mapped_file.h"

namespace merle {
namespace {

// A file is this header, the key, and the fields, each from a multiple of 64 bytes on, before it
// its size in bytes.
struct Header {
  std::array<char, 8> magic;
  std::uint64_t key_bytes;
  std::uint64_t field_bytes;  // All that follows the key.
  std::uint64_t checksum;     // Of that.
};

constexpr std::array<char, 8> kMagic = {'m', 'e', 'r', 'l', 'e', 'p', 'k', '1'};
constexpr std::size_t kAlignment = 64;  // Of each field, and of the size before it.

std::size_t Padded(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// Calls write with what follows the key, piece by piece, each a multiple of 64 bytes.
template <typename Write>
void ForEachPiece(std::span<const std::span<const std::byte>> fields, const Write& write) {
  for (const auto& field : fields) {
    std::array<std::byte, kAlignment> size{};
    const std::uint64_t bytes = field.size();
    std::memcpy(size.data(), &bytes, sizeof bytes);
    write(size);
    const std::size_t whole = field.size() / kAlignment * kAlignment;
    write(field.first(whole));
    if (whole == field.size()) continue;
    std::array<std::byte, kAlignment> last{};
    std::ranges::copy(field.subspan(whole), last.begin());
    write(last);
  }
}

std::string_view Text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::optional<std::span<const std::byte>> CachedFields::NextBytes() {
  if (left_.size() < kAlignment) return std::nullopt;
  std::uint64_t size = 0;
  std::memcpy(&size, left_.data(), sizeof size);
  const auto rest = left_.subspan(kAlignment);
  // The rest is a multiple of kAlignment, so what fits into it also fits with its padding.
  if (size > rest.size()) return std::nullopt;
  left_ = rest.subspan(Padded(size));
  return rest.first(size);
}

CacheEntry::CacheEntry(std::string folder, std::string key)
    : folder_(std::move(folder)), key_(std::move(key)) {
  key_.resize(Padded(sizeof(Header) + key_.size()) - sizeof(Header));  // The fields are aligned.
  if (!folder_.empty()) path_ = PathInCache(folder_, key_, kEntryEnding);
}

std::optional<CachedFields> CacheEntry::Open() const {
  if (path_.empty()) return std::nullopt;
  auto file = MappedFile::Open(path_);
  if (!file || file->bytes().size() < sizeof(Header) + key_.size()) return std::nullopt;
  Header header;
  std::memcpy(&header, file->bytes().data(), sizeof header);
  const auto fields = file->bytes().subspan(sizeof header + key_.size());
  if (header.magic != kMagic || header.key_bytes != key_.size() ||
      header.field_bytes != fields.size() || fields.size() % kAlignment != 0 ||
      Text(file->bytes().subspan(sizeof header, key_.size())) != key_) {
    return std::nullopt;
  }
  FastChecksum checksum;
  checksum.Add(Text(fields));
  if (checksum.value() != header.checksum) return std::nullopt;
  MarkUsed(path_);
  return CachedFields(std::make_shared<const MappedFile>(*std::move(file)), fields);
}

void CacheEntry::Store(std::span<const std::span<const std::byte>> fields) const noexcept {
  if (path_.empty()) return;
  try {
    MakeFolders(folder_);
    RemoveUnused(folder_);
    Header header{.magic = kMagic, .key_bytes = key_.size(), .field_bytes = 0, .checksum = 0};
    FastChecksum checksum;
    ForEachPiece(fields, [&](std::span<const std::byte> piece) {
      checksum.Add(Text(piece));
      header.field_bytes += piece.size();
    });
    header.checksum = checksum.value();
    AtomicFile file = AtomicFile::ForThisUser(path_);
    file.Write({reinterpret_cast<const char*>(&header), sizeof header});
    file.Write(key_);
    ForEachPiece(fields, [&](std::span<const std::byte> piece) { file.Write(Text(piece)); });
    file.CommitWithoutSync();
  } catch (const std::exception& error) {
    Log(LogLevel::kInfo, Format("what was prepared is not kept: {}", error.what()));
  }
}

}  // namespace merle
