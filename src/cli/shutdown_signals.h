// SIGINT and SIGTERM for a program that ends in order: it finishes what is under way first.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace merle {

// While one lives, the first of these signals calls `end` in a thread of its own; the second ends
// the process at once with 128 + signal. Threads that were started before take signals as ever, so
// it comes before all others.
class ShutdownSignals {
 public:
  ShutdownSignals();
  ~ShutdownSignals();
  ShutdownSignals(const ShutdownSignals&) = delete;
  ShutdownSignals& operator=(const ShutdownSignals&) = delete;

  // A signal that came before is seen now. Once.
  void Watch(std::function<void()> end);

 private:
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace merle
