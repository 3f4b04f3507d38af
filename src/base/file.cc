#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/fingerprint.h"
#include "base/format.h"

namespace merle {
namespace {

// Writes larger than this go straight to the file.
constexpr std::size_t kBufferBytes = 1 << 16;

[[noreturn]] void FailOnFolder(const std::string& path) {
  throw Error(ErrorCode::kIoError, Format("{}: is a folder, a file is wanted", path));
}

}  // namespace

bool FileExists(const std::string& path) noexcept {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
}

bool FolderExists(const std::string& path) noexcept {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

void MakeFolders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    throw Error(ErrorCode::kIoError,
                Format("{}: can't make the folder: {}", path, error.message()));
  }
}

int OpenForReading(const std::string& path, int more_flags) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | more_flags));
  struct stat status{};
  if (file.value() < 0 || ::fstat(file.value(), &status) != 0) FailOnFile(path, "open", errno);
  if (S_ISDIR(status.st_mode)) FailOnFolder(path);
  return file.Release();
}

bool WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string FollowLinks(std::string path) {
  constexpr int kMostLinks = 40;  // As Linux.
  for (int i = 0; i < kMostLinks; ++i) {
    std::error_code error;
    const auto link = std::filesystem::read_symlink(path, error);
    if (error) break;
    path = std::filesystem::path(path).parent_path() / link;
  }
  return path;
}

std::optional<mode_t> ModeOfReplaced(const std::string& path) {
  if (FolderExists(path)) FailOnFolder(path);
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::kIoError, Format("{}: is no regular file, so it stays as it is", path));
  }
  return status.st_mode & 0777;
}

std::uint64_t StampOf(const struct stat& status) {
  Fingerprint stamp;
  stamp.Add(std::uint64_t{status.st_ino});
  stamp.Add(static_cast<std::uint64_t>(status.st_size));
  stamp.Add(static_cast<std::uint64_t>(status.st_mtim.tv_sec));
  stamp.Add(static_cast<std::uint64_t>(status.st_mtim.tv_nsec));
  return stamp.value();
}

void SyncFolderOf(const std::string& path) noexcept {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Descriptor parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.value() >= 0) ::fsync(parent.value());
}

void FailOnFile(const std::string& path, std::string_view action, int error) {
  const auto code =
      error == ENOENT || error == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIoError;
  throw Error(code, Format("{}: can't {}: {}", path, action, std::strerror(error)));
}

std::string ReadFile(const std::string& path, std::size_t max_bytes) {
  return RandomAccessFile::Open(path).ReadAll(max_bytes);
}

AtomicFile::AtomicFile(const std::string& path, const std::string& temporary_folder)
    : AtomicFile(path, FollowLinks(path), temporary_folder, ModeOfReplaced(path)) {}

AtomicFile AtomicFile::ForThisUser(const std::string& path) { return {path, path, "", 0600}; }

AtomicFile::AtomicFile(std::string path, std::string target, const std::string& temporary_folder,
                       std::optional<mode_t> mode)
    : path_(std::move(path)), target_(std::move(target)) {
  static std::atomic<unsigned> files = 0;
  const std::string stem =
      temporary_folder.empty()
          ? target_
          : temporary_folder + "/" + std::filesystem::path(target_).filename().string();
  do {
    temporary_ = Format("{}.{}.{}.tmp", stem, ::getpid(), ++files);
    descriptor_ =
        ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode.value_or(0666));
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) Fail("create");
  if (mode && ::fchmod(descriptor_, *mode) != 0) {  // The umask may have taken some.
    const int error = errno;
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
    errno = error;
    Fail("set the permissions of");
  }
  buffer_.reserve(kBufferBytes);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::Fail(const char* action) const {
  throw Error(ErrorCode::kIoError,
              Format("{}: can't {} the file: {}", path_, action, std::strerror(errno)));
}

void AtomicFile::Write(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) {
    if (!WriteAll(descriptor_, buffer_)) Fail("write");
    buffer_.clear();
  }
  if (bytes.size() >= kBufferBytes) {
    if (!WriteAll(descriptor_, bytes)) Fail("write");
  } else {
    buffer_.append(bytes);
  }
}

void AtomicFile::WriteAt(std::uint64_t offset, std::string_view bytes) {
  if (!WriteAll(descriptor_, buffer_)) Fail("write");
  buffer_.clear();
  const auto at = static_cast<off_t>(offset);
  if (::pwrite(descriptor_, bytes.data(), bytes.size(), at) != static_cast<ssize_t>(bytes.size())) {
    Fail("write");
  }
}

void AtomicFile::Flush() {
  if (!WriteAll(descriptor_, buffer_)) Fail("write");
  buffer_.clear();
}

void AtomicFile::Rename() {
  ::close(std::exchange(descriptor_, -1));
  if (::rename(temporary_.c_str(), target_.c_str()) == 0) return;
  const int error = errno;
  ::unlink(temporary_.c_str());
  errno = error;
  Fail("rename");
}

void AtomicFile::Commit() {
  Flush();
  if (::fsync(descriptor_) != 0) Fail("flush");
  Rename();
  SyncFolderOf(target_);
}

void AtomicFile::CommitWithoutSync() {
  Flush();
  Rename();
}

RandomAccessFile RandomAccessFile::Open(const std::string& path) {
  // O_NONBLOCK: else a named pipe would make us wait.
  return RandomAccessFile(Descriptor(OpenForReading(path, O_NONBLOCK)), path);
}

RandomAccessFile::RandomAccessFile(Descriptor descriptor, std::string path)
    : path_(std::move(path)), descriptor_(std::move(descriptor)) {
  struct stat status{};
  if (::fstat(descriptor_.value(), &status) != 0) FailOnFile(path_, "stat", errno);
  if (S_ISDIR(status.st_mode)) FailOnFolder(path_);
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::kIoError, Format("{}: is not a regular file", path_));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
  modified_ = status.st_mtim;
}

void RandomAccessFile::ReadAt(std::uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t got =
        ::pread(descriptor_.value(), out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) FailOnFile(path_, "read", errno);
    if (got == 0) {
      throw Error(
          ErrorCode::kDataLoss,
          Format("{}: ends at byte {}, it had {} bytes when it was opened", path_, offset, size_));
    }
    offset += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

std::string RandomAccessFile::ReadHead(std::size_t most) const {
  std::string content(static_cast<std::size_t>(std::min<std::uint64_t>(size_, most)), '\0');
  ReadAt(0, std::as_writable_bytes(std::span(content)));
  return content;
}

std::string RandomAccessFile::ReadAll(std::size_t max_bytes) const {
  if (size_ > max_bytes) {
    throw Error(ErrorCode::kDataLoss,
                Format("{}: has {} bytes, at most {} are read", path_, size_, max_bytes));
  }
  return ReadHead(max_bytes);
}

std::string RandomAccessFile::Identity() const {
  struct stat status{};
  if (::fstat(descriptor_.value(), &status) != 0) FailOnFile(path_, "look at", errno);
  return Format("{} {} {} {}.{} {}.{}", status.st_dev, status.st_ino, status.st_size,
                status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                status.st_ctim.tv_nsec);
}

std::uint64_t RandomAccessFile::Stamp() const {
  struct stat status{};
  if (::fstat(descriptor_.value(), &status) != 0) FailOnFile(path_, "look at", errno);
  return StampOf(status);
}

bool RandomAccessFile::ChangedInTheLast(int seconds) const {
  struct stat status{};
  if (::fstat(descriptor_.value(), &status) != 0) FailOnFile(path_, "look at", errno);
  const std::time_t since = std::time(nullptr) - seconds;
  return status.st_mtim.tv_sec >= since || status.st_ctim.tv_sec >= since;
}

void RandomAccessFile::ThrowIfChanged() const {
  struct stat status{};
  if (::fstat(descriptor_.value(), &status) != 0) FailOnFile(path_, "stat", errno);
  if (status.st_mtim.tv_sec != modified_.tv_sec || status.st_mtim.tv_nsec != modified_.tv_nsec) {
    throw Error(ErrorCode::kDataLoss,
                Format("{}: has been written to since it was opened; open it again", path_));
  }
}

}  // namespace merle
