// A lock that processes take in turn, held on a file.
#pragma once

#include <functional>
#include <string>

namespace merle {

// Holds an exclusive flock(2) on a file, which is made where it is missing and stays. Programs that
// lock the same file this way, such as huggingface_hub, wait for each other. Advice only: on a file
// system without locks it succeeds at once, so nothing may break when two processes hold it.
class FileLock {
 public:
  // Waits until the lock is free; `on_wait` is called once before that takes time. Throws kIoError
  // if the file can't be opened.
  FileLock(const std::string& path, const std::function<void()>& on_wait);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace merle
