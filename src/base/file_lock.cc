#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/descriptor.h"
#include "base/file.h"

namespace merle {
namespace {

Descriptor OpenLockFile(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (file.value() < 0) FailOnFile(path, "open", errno);
  return file;
}

// Whether nobody holds the lock against us; it is ours then, where there are locks at all.
bool Take(const Descriptor& file, int how) {
  return ::flock(file.value(), how | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

}  // namespace

FileLock::FileLock(const std::string& path, const std::function<void()>& on_wait, Kind kind)
    : file_(OpenLockFile(path)) {
  const int how = kind == Kind::kShared ? LOCK_SH : LOCK_EX;
  if (Take(file_, how)) return;
  on_wait();
  while (::flock(file_.value(), how) != 0 && errno == EINTR) {
  }
}

std::optional<FileLock> FileLock::TryTake(const std::string& path) {
  Descriptor file = OpenLockFile(path);
  if (!Take(file, LOCK_EX)) return std::nullopt;
  return FileLock(std::move(file));
}

}  // namespace merle
