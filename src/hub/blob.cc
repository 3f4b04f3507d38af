#include "hub/blob.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/format.h"
#include "base/log.h"
#include "hub/cache.h"
#include "hub/hub_client.h"
#include "hub/retry.h"

namespace merle {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kIncomplete = ".incomplete";
constexpr int kMostAttempts = 4;
constexpr std::size_t kReadBytes = 1 << 20;
constexpr std::uint64_t kProgressBytes = 16384;  // Fewer are no reason to go on trying.
// Without locks, an unfinished file that nobody has written to for so long belongs to nobody:
// longer than all the waits of a fetch together.
constexpr std::chrono::minutes kAbandoned(15);

// The largest file that an interrupted attempt at this blob has left, and that has not been written
// to for `least_age`; empty if there is none.
fs::path FindUnfinished(const CachedRepository& cached, const FileFacts& facts,
                        std::uint64_t& bytes, std::chrono::minutes least_age = {}) {
  fs::path found;
  bytes = 0;
  std::error_code error;
  fs::directory_iterator entry(cached.BlobFolder(), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code gone;
    if (!name.starts_with(facts.etag + ".") || !name.ends_with(kIncomplete) ||
        !entry->is_regular_file(gone)) {
      continue;
    }
    const std::uint64_t size = entry->file_size(gone);
    if (least_age.count() > 0 &&
        fs::file_time_type::clock::now() - entry->last_write_time(gone) < least_age) {
      continue;
    }
    if (!gone && size <= facts.bytes && size >= bytes) {
      bytes = size;
      found = entry->path();
    }
  }
  return found;
}

std::string RandomDigits() {
  std::random_device random;
  return Format("{:08x}", random());
}

// What kind of checksum an ETag is; nothing for those of other servers.
std::optional<ChecksumKind> ChecksumKindOf(const FileFacts& facts) {
  const bool is_hexadecimal = std::ranges::all_of(
      facts.etag, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (is_hexadecimal && facts.etag.size() == 64) return ChecksumKind::kSha256;
  if (is_hexadecimal && facts.etag.size() == 40) return ChecksumKind::kSha1;
  return std::nullopt;
}

std::optional<Checksum> ChecksumFor(const FileFacts& facts) {
  const auto kind = ChecksumKindOf(facts);
  if (!kind) return std::nullopt;
  Checksum checksum(*kind);
  if (*kind == ChecksumKind::kSha1) {  // Git hashes a header too.
    const std::string header = Format("blob {}", facts.bytes);
    checksum.Add(std::string_view(header.c_str(), header.size() + 1));  // With its final NUL.
  }
  return checksum;
}

std::string NameOf(const BlobRequest& request) {
  return Format("{}/{}", request.model.repository, request.file);
}

// A blob in the making, under a name that no other process uses.
class UnfinishedBlob {
 public:
  // `alone`: whether a lock keeps off those that might still write to what is there.
  UnfinishedBlob(const CachedRepository& cached, const BlobRequest& request, bool alone)
      : request_(request),
        facts_(request.facts),
        path_(Format("{}.{}{}", cached.Blob(facts_.etag), RandomDigits(), kIncomplete)) {
    std::uint64_t bytes = 0;
    const fs::path left =
        FindUnfinished(cached, facts_, bytes, alone ? std::chrono::minutes{} : kAbandoned);
    std::error_code none;  // Nothing to go on with, or another process was quicker.
    if (!left.empty()) fs::rename(left, path_, none);
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0) FailOnFile(path_, "open", errno);
    AddWhatIsThere();
  }
  ~UnfinishedBlob() { ::close(descriptor_); }  // The file stays for the next attempt.
  UnfinishedBlob(const UnfinishedBlob&) = delete;
  UnfinishedBlob& operator=(const UnfinishedBlob&) = delete;

  std::uint64_t bytes() const { return bytes_; }

  void Restart() {
    if (::ftruncate(descriptor_, 0) != 0 || ::lseek(descriptor_, 0, SEEK_SET) != 0) {
      FailOnFile(path_, "write", errno);
    }
    bytes_ = 0;
    checksum_ = ChecksumFor(facts_);
  }

  void Append(std::string_view bytes) {
    if (bytes.size() > facts_.bytes - bytes_) {
      Restart();
      throw Error(ErrorCode::kDataLoss,
                  Format("{}: the server sends more than the {} bytes it announced",
                         NameOf(request_), facts_.bytes));
    }
    if (!WriteAll(descriptor_, bytes)) FailOnFile(path_, "write", errno);
    bytes_ += bytes.size();
    if (checksum_) checksum_->Add(bytes);
  }

  enum class End { kDone, kDamaged, kTaken };

  // Puts the whole file into its place, or says why not: it is damaged, or, where locks don't work,
  // another process has taken it to go on with.
  End Finish(const std::string& blob) {
    if (!checksum_) {
      Log(LogLevel::kWarning,
          Format("{}: the server gives no checksum; only its size is checked", blob));
    } else if (checksum_->Finish() != facts_.etag) {
      ::unlink(path_.c_str());
      return End::kDamaged;
    }
    if (::fsync(descriptor_) != 0) FailOnFile(path_, "flush", errno);
    if (::rename(path_.c_str(), blob.c_str()) == 0) return End::kDone;
    if (errno != ENOENT) FailOnFile(path_, "rename", errno);
    return End::kTaken;
  }

 private:
  void AddWhatIsThere() {
    checksum_ = ChecksumFor(facts_);
    std::string buffer(kReadBytes, '\0');
    while (true) {
      const ssize_t got = ::read(descriptor_, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) FailOnFile(path_, "read", errno);
      if (got == 0) break;
      bytes_ += static_cast<std::uint64_t>(got);
      if (checksum_) checksum_->Add({buffer.data(), static_cast<std::size_t>(got)});
    }
    if (bytes_ > facts_.bytes) Restart();
  }

  const BlobRequest& request_;
  const FileFacts& facts_;
  std::string path_;
  int descriptor_;
  std::uint64_t bytes_ = 0;
  std::optional<Checksum> checksum_;
};

// Reads until the blob has all its bytes.
void Fill(UnfinishedBlob& blob, const BlobRequest& request, HubClient& hub,
          const BlobProgress& on_progress) {
  std::uint64_t at_start = 0;
  WithRetries(
      [&] {
        at_start = blob.bytes();
        on_progress(blob.bytes());
        if (blob.bytes() == request.facts.bytes) return;
        hub.Read(request.model, request.commit, request.file, blob.bytes(),
                 [&](std::uint64_t offset, std::string_view bytes) {
                   if (offset == 0 && blob.bytes() > 0) blob.Restart();
                   blob.Append(bytes);
                   on_progress(blob.bytes());
                 });
        if (blob.bytes() < request.facts.bytes) {
          throw TransientError(Format("{}: the server sends {} of the {} bytes it announced",
                                      NameOf(request), blob.bytes(), request.facts.bytes),
                               0);
        }
      },
      [&] { return blob.bytes() >= at_start + kProgressBytes; });
}

}  // namespace

bool HasChecksum(const FileFacts& facts) { return ChecksumKindOf(facts).has_value(); }

bool IsIntact(const std::string& path, const FileFacts& facts, const BlobProgress& on_bytes) {
  const RandomAccessFile file = RandomAccessFile::Open(path);
  if (file.size() != facts.bytes) return false;
  auto checksum = ChecksumFor(facts);
  if (!checksum) return true;
  std::vector<std::byte> buffer(kReadBytes);
  for (std::uint64_t offset = 0; offset < file.size();) {
    const auto piece =
        std::span(buffer).first(std::min<std::uint64_t>(kReadBytes, file.size() - offset));
    file.ReadAt(offset, piece);
    checksum->Add({reinterpret_cast<const char*>(piece.data()), piece.size()});
    offset += piece.size();
    on_bytes(offset);
  }
  return checksum->Finish() == facts.etag;
}

std::vector<std::string> DamagedFiles(const std::string& snapshot, const BlobProgress& on_bytes) {
  std::vector<std::string> damaged;
  std::uint64_t before = 0;
  for (const ModelFile& file : ListFiles(snapshot)) {
    const std::string path = snapshot + "/" + file.name;
    std::error_code gone;
    const FileFacts facts{fs::canonical(path, gone).filename().string(), file.bytes};
    if (!IsIntact(path, facts, [&](std::uint64_t bytes) { on_bytes(before + bytes); })) {
      damaged.push_back(file.name);
    }
    before += file.bytes;
  }
  return damaged;
}

bool HasBlob(const CachedRepository& cached, const FileFacts& facts) {
  std::error_code error;
  return fs::file_size(cached.Blob(facts.etag), error) == facts.bytes && !error;
}

std::uint64_t UnfinishedBytes(const CachedRepository& cached, const FileFacts& facts) {
  std::uint64_t bytes = 0;
  FindUnfinished(cached, facts, bytes);
  return bytes;
}

void FetchBlob(const CachedRepository& cached, const BlobRequest& request, HubClient& hub,
               const BlobProgress& on_progress) {
  if (!request.damaged && HasBlob(cached, request.facts)) return;
  const FileLock lock(Format("{}/{}.lock", cached.LockFolder(), request.facts.etag), [&] {
    Log(LogLevel::kWarning, Format("waiting for another process that fetches {}", request.file));
  });
  const std::string path = cached.Blob(request.facts.etag);
  bool here = HasBlob(cached, request.facts) &&
              (!request.damaged || IsIntact(path, request.facts, [](auto) {}));
  for (int tries = 1; !here; ++tries) {
    UnfinishedBlob blob(cached, request, lock.held());
    const bool resumed = blob.bytes() > 0;
    Fill(blob, request, hub, on_progress);
    const auto end = blob.Finish(path);
    here = end == UnfinishedBlob::End::kDone ||
           (end == UnfinishedBlob::End::kTaken && HasBlob(cached, request.facts));
    if (end == UnfinishedBlob::End::kTaken && !here && tries == kMostAttempts) {
      throw Error(ErrorCode::kUnavailable,
                  Format("{}: other processes take away what is fetched; try again when they have "
                         "ended",
                         NameOf(request)));
    }
    // What was left of an earlier attempt may be to blame for damage; what has just come is not.
    if (end == UnfinishedBlob::End::kDamaged && (!resumed || tries == kMostAttempts)) {
      throw Error(
          ErrorCode::kDataLoss,
          Format("{}: what arrives does not have the checksum it should have", NameOf(request)));
    }
  }
}

}  // namespace merle
