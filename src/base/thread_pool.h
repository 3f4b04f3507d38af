// One pool of threads for everything that runs in parallel.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace merle {

// A fixed set of workers. The thread that calls ParallelFor is worker 0, so a pool of n starts
// n - 1 threads, which keep to one hyper-thread of each core where there are cores enough. May be
// used from several threads: one call at a time has the workers, the others run alone on their own
// thread, as does a call from inside a task, all as worker 0. So the machine is never
// oversubscribed; `worker` is for scratch memory that belongs to the one call.
class ThreadPool {
 public:
  // threads: 1 or more; 0 means PhysicalCores() of base/cores.h. Throws kResourceExhausted if the
  // system refuses.
  explicit ThreadPool(std::size_t threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t size() const { return threads_.size() + 1; }

  // Calls task(index, worker) for every index in [0, count), in any order, worker in [0, size()).
  // Returns when all have returned. If tasks throw, the rest is skipped and one of the exceptions
  // is thrown here.
  template <typename Task>
  void ParallelFor(std::size_t count, Task&& task) {
    using Plain = std::remove_reference_t<Task>;
    Run(
        count,
        [](void* context, std::size_t index, std::size_t worker) {
          (*static_cast<Plain*>(context))(index, worker);
        },
        &task);
  }

 private:
  using Call = void (*)(void* context, std::size_t index, std::size_t worker);

  void Stop() noexcept;  // Joins all threads.
  void Run(std::size_t count, Call call, const void* context);
  void Work(std::size_t worker);
  void RunTasks(std::size_t worker) noexcept;

  std::vector<std::thread> threads_;
  std::mutex one_caller_;

  // The current job. Written before `job_number_` rises, read after.
  Call call_ = nullptr;
  void* context_ = nullptr;
  std::size_t count_ = 0;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint64_t> job_number_{0};
  std::atomic<std::size_t> busy_workers_{0};

  std::mutex mutex_;  // Guards sleeping, `stop_` and `failure_`.
  std::condition_variable wake_;
  bool stop_ = false;
  std::exception_ptr failure_;
};

}  // namespace merle
