// Hands work to the server's thread, from any thread, for as long as there is a server.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
#include <utility>

namespace merle {

// Shared by the server and by whoever may still reply when it is gone.
class Mailbox {
 public:
  explicit Mailbox(boost::asio::io_context& context) : context_(&context) {}

  template <typename Work>
  void Post(Work work) {
    const std::scoped_lock lock(mutex_);
    if (context_ != nullptr) boost::asio::post(*context_, std::move(work));
  }

  void Close() {  // From now on Post does nothing.
    const std::scoped_lock lock(mutex_);
    context_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* context_;
};

}  // namespace merle
