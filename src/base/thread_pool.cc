#include "base/thread_pool.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/cores.h"
#include "base/error.h"
#include "base/format.h"

namespace merle {
namespace {

// A worker looks for the next job this often before it sleeps: 50 to 200 us, by what a pause costs
// on the CPU. As long as the gaps between the steps of a small forward pass; waking a sleeper costs
// as much as such a step.
constexpr int kSpins = 4000;

thread_local bool inside_task = false;

void Pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

ThreadPool::ThreadPool(std::size_t threads) {
  if (threads == 0) threads = PhysicalCores();
  const std::vector<int> cpus = threads == 1 ? std::vector<int>() : CpusForThreads(threads);
  try {
    for (std::size_t worker = 1; worker < threads; ++worker) {
      threads_.emplace_back([this, worker, cpus] {
        KeepToCpus(cpus);
        Work(worker);
      });
    }
  } catch (const std::system_error& error) {
    const std::size_t started = size();
    Stop();
    throw Error(ErrorCode::kResourceExhausted, Format("can't start more than {} of {} threads: {}",
                                                      started, threads, error.what()));
  }
}

ThreadPool::~ThreadPool() { Stop(); }

void ThreadPool::Stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::Run(std::size_t count, Call call, const void* context) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the template above knows the type.
  void* const task = const_cast<void*>(context);
  std::unique_lock caller(one_caller_, std::defer_lock);
  if (count <= 1 || threads_.empty() || inside_task || !caller.try_lock()) {
    for (std::size_t index = 0; index < count; ++index) call(task, index, 0);
    return;
  }
  call_ = call;
  context_ = task;
  count_ = count;
  next_.store(0, std::memory_order_relaxed);
  busy_workers_.store(threads_.size(), std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    job_number_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  RunTasks(0);
  for (int spin = 0; busy_workers_.load(std::memory_order_acquire) != 0; ++spin) {
    if (spin < kSpins) {
      Pause();
    } else {
      std::this_thread::yield();
    }
  }
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ThreadPool::Work(std::size_t worker) {
  std::uint64_t done = 0;
  for (;;) {
    for (int spin = 0; spin < kSpins && job_number_.load(std::memory_order_acquire) == done;
         ++spin) {
      Pause();
    }
    if (job_number_.load(std::memory_order_acquire) == done) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock,
                 [&] { return stop_ || job_number_.load(std::memory_order_acquire) != done; });
      if (stop_) return;
    }
    ++done;  // Run waits for every worker, so jobs are never skipped.
    RunTasks(worker);
    busy_workers_.fetch_sub(1, std::memory_order_release);
  }
}

void ThreadPool::RunTasks(std::size_t worker) noexcept {
  inside_task = true;
  try {
    for (std::size_t index; (index = next_.fetch_add(1, std::memory_order_relaxed)) < count_;) {
      call_(context_, index, worker);
    }
  } catch (...) {
    next_.store(count_, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
  }
  inside_task = false;
}

}  // namespace merle
