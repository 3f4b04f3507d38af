#include "base/partial_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/growing_file.h"

namespace merle {
namespace {

[[noreturn]] void FailOn(const std::string& path, std::string_view problem) {
  throw Error(ErrorCode::kIoError, Format("{}: {}", path, problem));
}

bool IsSameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Of the file until it is whole. Its owner must be able to open it again, even if what it replaces
// is read-only.
mode_t ModeUntilWhole(const std::string& path) {
  return ModeOfReplaced(path).value_or(0666) | S_IRUSR | S_IWUSR;
}

}  // namespace

Descriptor OpenAlone(const std::string& path, mode_t mode) {
  for (;;) {
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    Descriptor file(::open(path.c_str(), flags, mode));
    struct stat opened{}, named{};
    if (file.value() < 0 || ::fstat(file.value(), &opened) != 0) {
      FailOn(path, Format("can't create the file: {}", std::strerror(errno)));
    }
    if (!S_ISREG(opened.st_mode)) FailOn(path, "is no regular file, so it stays as it is");
    if (::flock(file.value(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      FailOn(path, "another process is writing it; wait for that, or choose another name");
    }
    // Whoever held the lock may have renamed or deleted the file just before we got it.
    const bool there = ::stat(path.c_str(), &named) == 0;
    if (there && IsSameFile(opened, named)) return file;
  }
}

PartialFile::PartialFile(const std::string& path, std::string_view suffix)
    : GrowingFile(OpenAlone(Format("{}{}", FollowLinks(path), suffix), ModeUntilWhole(path)), path),
      target_(FollowLinks(path)),
      partial_(Format("{}{}", target_, suffix)) {}

std::uint64_t PartialFile::Stamp() const {
  struct stat status{};
  if (::fstat(descriptor(), &status) != 0) Fail("look at");
  return StampOf(status);
}

void PartialFile::Commit() {
  Sync();
  const std::optional<mode_t> mode = ModeOfReplaced(target_);
  if (mode && ::fchmod(descriptor(), *mode) != 0) Fail("set the permissions of");
  if (::rename(partial_.c_str(), target_.c_str()) != 0) Fail("rename");
  SyncFolderOf(target_);
}

void PartialFile::Remove() { ::unlink(partial_.c_str()); }

}  // namespace merle
