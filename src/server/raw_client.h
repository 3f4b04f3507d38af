// For tests: a client of an HTTP server that sends whatever bytes a test wants.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"

namespace merle {

class RawClient {
 public:
  // url: HttpServer::url() of a server at 127.0.0.1 or at a Unix socket.
  explicit RawClient(const std::string& url) {
    if (url.starts_with("unix:")) {
      sockaddr_un address = {};
      address.sun_family = AF_UNIX;
      std::strncpy(address.sun_path, url.c_str() + 5, sizeof address.sun_path - 1);
      Connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } else {
      sockaddr_in address = {};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port =
          htons(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
      Connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
  }

  bool connected() const { return connected_; }
  int socket() const { return socket_.value(); }

  // Returns false once the server takes no more.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.value(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void EndSending() { ::shutdown(socket_.value(), SHUT_WR); }
  void Leave() { socket_ = Descriptor(); }

  // One reply, head and body; what came until then where the connection ends or `seconds` pass.
  std::string Receive(double seconds = 10, bool without_body = false) {
    const auto until = After(seconds);
    for (;;) {
      if (const std::size_t end = ReplyEnd(without_body)) {
        std::string reply = came_.substr(0, end);
        came_.erase(0, end);
        return reply;
      }
      if (!Wait(until)) return std::exchange(came_, {});
    }
  }
  static int StatusOf(const std::string& reply) {
    return reply.size() < 12 ? 0 : std::stoi(reply.substr(9, 3));
  }

  // Whether the server ends the connection, with nothing more sent, before `seconds` have passed.
  bool Ends(double seconds = 5) {
    const auto until = After(seconds);
    while (Wait(until)) {
    }
    return ended_ && came_.empty();
  }

 private:
  using Time = std::chrono::steady_clock::time_point;
  static Time After(double seconds) {
    return std::chrono::steady_clock::now() +
           std::chrono::milliseconds(static_cast<int>(seconds * 1000));
  }

  void Connect(const sockaddr* address, socklen_t size) {
    socket_ = Descriptor(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    connected_ = ::connect(socket_.value(), address, size) == 0;
  }

  // Reads what there is; false at the end and when it is time.
  bool Wait(Time until) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd wait = {socket_.value(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) return false;
    std::array<char, 65536> bytes;
    const ssize_t got = ::recv(socket_.value(), bytes.data(), bytes.size(), 0);
    if (got <= 0) {
      ended_ = true;
      return false;
    }
    came_.append(bytes.data(), static_cast<std::size_t>(got));
    return true;
  }

  // Where the first reply of came_ ends; 0: not yet.
  std::size_t ReplyEnd(bool without_body) const {
    const std::size_t head = came_.find("\r\n\r\n");
    if (head == std::string::npos) return 0;
    constexpr std::string_view kLength = "content-length: ";
    const std::size_t at = came_.find(kLength);
    std::size_t length = 0;
    if (at < head && !without_body) {
      const char* digits = came_.data() + at + kLength.size();
      std::from_chars(digits, came_.data() + head, length);
    }
    const std::size_t end = head + 4 + length;
    return came_.size() >= end ? end : 0;
  }

  Descriptor socket_;
  bool connected_ = false;
  bool ended_ = false;
  std::string came_;
};

}  // namespace merle
