// A lock that processes take in turn, held on a file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/descriptor.h"

namespace merle {

// Holds a flock(2) on a file, which is made where it is missing and stays. Programs that lock the
// same file this way, such as huggingface_hub, wait for each other. Advice only: on a file system
// without locks it succeeds at once and held() is false, so nothing may break when two processes
// are there.
class FileLock {
 public:
  enum class Kind { kExclusive, kShared };  // Shared: with others that share, and nobody else.

  // Waits until the lock is free; `on_wait` is called once before that takes time. Throws kIoError
  // if the file can't be opened.
  FileLock(const std::string& path, const std::function<void()>& on_wait,
           Kind kind = Kind::kExclusive);

  // Takes the lock alone, or nothing if somebody holds it. Throws as the constructor does.
  static std::optional<FileLock> TryTake(const std::string& path);

  // Whether it keeps others out: false where the file system has no locks.
  bool held() const { return held_; }

 private:
  FileLock(Descriptor file, bool held) : file_(std::move(file)), held_(held) {}

  Descriptor file_;  // The lock goes when it is closed.
  bool held_;
};

}  // namespace merle
