// The socket that a server listens at.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/descriptor.h"
#include "server/http_server.h"

namespace merle {

// Listens from its construction on. Not for several threads at once.
class Listener {
 public:
  // Throws as HttpServer's constructor.
  explicit Listener(const HttpServerOptions& options);
  ~Listener();  // Closes it, and removes the file of a Unix socket.
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // The listening socket, non-blocking; to whom it is given closes it.
  int ReleaseSocket() { return socket_.Release(); }
  void RemoveFile();  // Of a Unix socket, if it is still ours.

  int family() const { return family_; }  // AF_INET, AF_INET6, AF_UNIX.
  const std::string& place() const {
    return place_;
  }  // "127.0.0.1:8080", "[::1]:8080", or the path.

 private:
  void ListenAtAddress(const std::string& address, std::uint16_t port);
  void ListenAtPath(const std::string& path);

  Descriptor socket_;
  int family_ = 0;
  std::string place_;
  std::string file_;  // Of a Unix socket, absolute.
  dev_t device_ = 0;  // Its identity: another server may have put its own in its place.
  ino_t inode_ = 0;
};

}  // namespace merle
