#include "server/worker_threads.h"

#include <cstddef>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/format.h"

namespace merle {

WorkerThreads::WorkerThreads(std::size_t count) : size_(count) {
  try {
    while (threads_.size() < count) threads_.emplace_back([this] { Work(); });
  } catch (const std::system_error& error) {
    Finish();
    throw Error(ErrorCode::kResourceExhausted,
                Format("can't start {} threads for requests: {}", count, error.what()));
  }
}

WorkerThreads::~WorkerThreads() { Finish(); }

void WorkerThreads::Post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (!finish_) {
      tasks_.push_back(std::move(task));
      wake_.notify_one();
      return;
    }
  }
  task();
}

void WorkerThreads::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return finish_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // What it holds goes without the lock.
    lock.lock();
  }
}

void WorkerThreads::Finish() {
  {
    const std::lock_guard lock(mutex_);
    finish_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace merle
