// What the requests of a server take up together, counted until each has its reply.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace merle {

// May be used in any thread.
struct Load {
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> requests = 0;    // That a handler works on.
  std::atomic<std::size_t> body_bytes = 0;  // Of bodies being read, and of those requests.
};

// A part of one of these counters, taken back with its owner. The Load is shared by all who may
// outlive the server: handlers that still work on a request.
class Share {
 public:
  Share(std::shared_ptr<Load> load, std::atomic<std::size_t> Load::* counter)
      : load_(std::move(load)), counter_(counter) {}
  ~Share() {
    if (load_ != nullptr) Set(0);
  }
  Share(Share&& other) noexcept  // `other` may only be destroyed then.
      : load_(std::move(other.load_)), counter_(other.counter_), amount_(other.amount_) {}
  Share& operator=(Share&&) = delete;

  void Set(std::size_t amount) {
    (*load_).*counter_ += amount - amount_;  // Modulo 2^64: less is right too.
    amount_ = amount;
  }

 private:
  std::shared_ptr<Load> load_;
  std::atomic<std::size_t> Load::* counter_;
  std::size_t amount_ = 0;
};

}  // namespace merle
