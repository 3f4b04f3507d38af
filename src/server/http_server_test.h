// For tests: a server in a thread of its own, whose handler does as the path says.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/format.h"
#include "server/http_server.h"
#include "server/message.h"
#include "server/raw_client.h"

namespace merle {

// "/echo" replies with the body, "/wait" when the test says so, "/throw" throws, "/big" sends 16
// MiB, "/closed" closes; other paths are not admitted: 404.
class ServerInThread {
 public:
  explicit ServerInThread(const HttpServerOptions& options = {})
      : server_(
            options,
            {.admit = [](const Request& head) { return Admit(head); },
             .handle = [this](Request request,
                              Respond respond) { Handle(std::move(request), std::move(respond)); },
             .refuse = [](int status, const std::string& message,
                          const std::string&) { return ReplyOf(status, message); },
             .finished = [this](const Exchange& exchange) { Add(exchanges_, exchange); }}),
        thread_([this] { answered_all_ = server_.Run(); }) {}
  ~ServerInThread() {
    server_.Stop();
    Join();
  }

  // Waits until Run has returned, and returns what it did.
  bool Join() {
    if (thread_.joinable()) thread_.join();
    return answered_all_;
  }

  HttpServer& server() { return server_; }
  std::string url() const { return server_.url(); }

  // The next exchange, request or its Respond of "/wait"; nothing if it does not come.
  std::optional<Exchange> NextExchange() { return Next(exchanges_); }
  std::optional<std::pair<Request, Respond>> NextWaiting() { return Next(waiting_); }

  static Reply ReplyOf(int status, const std::string& body) {
    return {.status = status, .content_type = "text/plain", .body = body, .headers = {}};
  }

 private:
  static std::optional<Reply> Admit(const Request& head) {
    for (const char* path : {"/echo", "/wait", "/throw", "/big", "/closed"}) {
      if (head.path == path) return std::nullopt;
    }
    return ReplyOf(404, "no such path");
  }

  void Handle(Request request, Respond respond) {
    if (request.path == "/throw") throw std::runtime_error("thrown");
    if (request.path == "/wait") {
      return Add(waiting_, std::pair(std::move(request), std::move(respond)));
    }
    if (request.path == "/big") return respond(ReplyOf(200, std::string(16 << 20, 'b')));
    Reply reply = ReplyOf(200, request.body);
    reply.close = request.path == "/closed";
    respond(std::move(reply));
  }

  template <typename Thing, typename Added>
  void Add(std::vector<Thing>& things, Added&& thing) {
    const std::scoped_lock lock(mutex_);
    things.push_back(std::forward<Added>(thing));
    added_.notify_all();
  }
  template <typename Thing>
  std::optional<Thing> Next(std::vector<Thing>& things) {
    std::unique_lock lock(mutex_);
    if (!added_.wait_for(lock, std::chrono::seconds(10), [&] { return !things.empty(); })) {
      return std::nullopt;
    }
    Thing thing = std::move(things.front());
    things.erase(things.begin());
    return thing;
  }

  std::mutex mutex_;
  std::condition_variable added_;
  std::vector<Exchange> exchanges_;
  std::vector<std::pair<Request, Respond>> waiting_;
  bool answered_all_ = false;
  HttpServer server_;
  std::thread thread_;
};

inline std::string Get(const std::string& path, const std::string& headers = {}) {
  return Format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, headers);
}
inline std::string Post(const std::string& path, const std::string& body,
                        const std::string& headers = {}) {
  return Format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n{}", path,
                body.size(), headers, body);
}

}  // namespace merle
