#include "base/growing_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/format.h"

namespace merle {
namespace {

constexpr std::size_t kBufferBytes = 1 << 16;
constexpr std::size_t kTemporaryBufferBytes = 4 << 20;

}  // namespace

GrowingFile::GrowingFile(Descriptor descriptor, std::string name)
    : descriptor_(std::move(descriptor)), name_(std::move(name)) {
  struct stat status{};
  if (::fstat(descriptor_.value(), &status) != 0) Fail("look at");
  flushed_ = static_cast<std::uint64_t>(status.st_size);
  most_buffered_ = kBufferBytes;
  buffer_.reserve(kBufferBytes);
}

GrowingFile GrowingFile::Temporary(std::string folder) {
  GrowingFile file;
  file.name_ = Format("a temporary file in {}", folder);
  file.folder_ = std::move(folder);
  file.most_buffered_ = kTemporaryBufferBytes;
  return file;
}

void GrowingFile::Make() {
  std::string path = folder_ + "/merle.XXXXXX";
  descriptor_ = Descriptor(::mkostemp(path.data(), O_CLOEXEC));
  if (descriptor() < 0) Fail("make");
  ::unlink(path.c_str());
}

void GrowingFile::Fail(const char* action) const {
  throw Error(ErrorCode::kIoError,
              Format("{}: can't {} the file: {}", name_, action, std::strerror(errno)));
}

void GrowingFile::Put(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(descriptor(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) Fail("write");
    offset += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void GrowingFile::Flush() {
  if (descriptor() < 0) Make();
  Put(flushed_, buffer_);
  flushed_ += buffer_.size();
  buffer_.clear();
}

void GrowingFile::Write(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > most_buffered_) Flush();
  if (bytes.size() <= most_buffered_) {
    buffer_.append(bytes);
    return;
  }
  Put(flushed_, bytes);
  flushed_ += bytes.size();
}

void GrowingFile::WriteAt(std::uint64_t offset, std::string_view bytes) {
  MERLE_ASSERT(offset + bytes.size() <= size());
  Flush();
  Put(offset, bytes);
}

void GrowingFile::ReadAt(std::uint64_t offset, std::span<char> out) {
  MERLE_ASSERT(offset + out.size() <= size());
  while (!out.empty()) {
    if (offset >= flushed_) {
      buffer_.copy(out.data(), out.size(), offset - flushed_);
      return;
    }
    const std::size_t most = std::min<std::uint64_t>(out.size(), flushed_ - offset);
    const ssize_t got = ::pread(descriptor(), out.data(), most, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = EIO;  // Somebody has cut it.
    if (got <= 0) Fail("read");
    offset += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

void GrowingFile::Cut(std::uint64_t bytes) {
  MERLE_ASSERT(bytes <= size());
  Flush();
  if (::ftruncate(descriptor(), static_cast<off_t>(bytes)) != 0) Fail("cut");
  flushed_ = bytes;
}

void GrowingFile::Sync() {
  Flush();
  // Linux tells of a failure once, and forgets the bytes: trying again would seem to succeed.
  if (lost_) errno = EIO;
  if (!lost_ && ::fsync(descriptor()) == 0) return;
  lost_ = true;
  Fail("flush");
}

}  // namespace merle
