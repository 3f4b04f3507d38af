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

enum class Taken { kYes, kOthersHoldIt, kNoLocksHere };

Taken Take(const Descriptor& file, int how) {
  if (::flock(file.value(), how | LOCK_NB) == 0) return Taken::kYes;
  return errno == EWOULDBLOCK ? Taken::kOthersHoldIt : Taken::kNoLocksHere;
}

}  // namespace

FileLock::FileLock(const std::string& path, const std::function<void()>& on_wait, Kind kind)
    : file_(OpenLockFile(path)) {
  const int how = kind == Kind::kShared ? LOCK_SH : LOCK_EX;
  const Taken taken = Take(file_, how);
  held_ = taken != Taken::kNoLocksHere;
  if (taken != Taken::kOthersHoldIt) return;
  on_wait();
  int failed = 0;
  do {
    failed = ::flock(file_.value(), how);
  } while (failed != 0 && errno == EINTR);
  held_ = failed == 0;
}

std::optional<FileLock> FileLock::TryTake(const std::string& path) {
  Descriptor file = OpenLockFile(path);
  const Taken taken = Take(file, LOCK_EX);
  if (taken == Taken::kOthersHoldIt) return std::nullopt;
  return FileLock(std::move(file), taken == Taken::kYes);
}

}  // namespace merle
