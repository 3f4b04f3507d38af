// Some threads that take tasks in the order in which they come.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace merle {

// Unlike a ThreadPool, whose caller waits for one task in parts, this one takes tasks from
// anywhere and lets nobody wait.
class WorkerThreads {
 public:
  // count: 1 or more. Throws kResourceExhausted if the system refuses.
  explicit WorkerThreads(std::size_t count);
  ~WorkerThreads();  // As Finish.
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  // Runs `task`, which must not throw, in one of the threads. May be called in any thread.
  void Post(std::function<void()> task);

  // Runs what was posted, and what that posts, and ends the threads. What is posted afterwards runs
  // at once, in the thread that posts it. Once, and not from a task.
  void Finish();

  std::size_t size() const { return size_; }

 private:
  void Work();

  const std::size_t size_;
  std::mutex mutex_;  // Guards tasks_ and finish_.
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool finish_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace merle
