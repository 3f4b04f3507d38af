#include "server/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/format.h"
#include "base/quote.h"
#include "server/http_server.h"
#include "server/socket_address.h"

namespace merle {
namespace {

[[noreturn]] void Fail(ErrorCode code, const std::string& what, int error) {
  throw Error(code, Format("can't listen at {}: {}", what, std::generic_category().message(error)));
}

Descriptor NewSocket(int family) {
  const int socket = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) Fail(ErrorCode::kIoError, "a socket", errno);
  return Descriptor(socket);
}

struct Address {
  sockaddr_storage storage = {};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Address InternetAddress(const std::string& text, std::uint16_t port) {
  Address address;
  sockaddr_in v4 = {};
  sockaddr_in6 v6 = {};
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&address.storage, &v4, address.size = sizeof v4);
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&address.storage, &v6, address.size = sizeof v6);
  } else {
    throw Error(ErrorCode::kInvalidArgument,
                Format("{} is no IPv4 or IPv6 address to listen at, such as 127.0.0.1 or ::1",
                       Quoted(text)));
  }
  return address;
}

Address UnixAddress(const std::string& path) {
  Address address;
  sockaddr_un unix_address = {};
  if (path.size() >= sizeof unix_address.sun_path || path.find('\0') != std::string::npos) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("the path of a Unix socket may have {} bytes, {} is longer",
                       sizeof unix_address.sun_path - 1, Quoted(path)));
  }
  unix_address.sun_family = AF_UNIX;
  std::memcpy(unix_address.sun_path, path.data(), path.size());
  std::memcpy(&address.storage, &unix_address, address.size = sizeof unix_address);
  return address;
}

ErrorCode CodeOf(int error) {
  if (error == EADDRINUSE) return ErrorCode::kAlreadyExists;
  return error == EADDRNOTAVAIL ? ErrorCode::kInvalidArgument : ErrorCode::kIoError;
}

// A server that was killed has left the file of its socket. Nobody else's file is touched.
void RemoveStaleSocket(const std::string& path, Address address) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) return;  // bind will say what is wrong, if anything.
  if (!S_ISSOCK(status.st_mode)) {
    throw Error(ErrorCode::kAlreadyExists,
                Format("can't listen at {}: there is a file that is no socket", Quoted(path)));
  }
  const Descriptor client = NewSocket(AF_UNIX);
  if (::connect(client.value(), address.get(), address.size) != 0 && errno == ECONNREFUSED) {
    ::unlink(path.c_str());
    return;
  }
  throw Error(ErrorCode::kAlreadyExists,
              Format("can't listen at {}: another server does", Quoted(path)));
}

}  // namespace

Listener::Listener(const HttpServerOptions& options) {
  if (options.unix_socket.empty()) {
    ListenAtAddress(options.address, options.port);
  } else {
    ListenAtPath(options.unix_socket);
  }
  if (::listen(socket_.value(), SOMAXCONN) != 0) {
    const int error = errno;  // Of two servers that bind the same port at once, one fails here.
    RemoveFile();
    Fail(CodeOf(error), place_, error);
  }
}

Listener::~Listener() { RemoveFile(); }

void Listener::ListenAtAddress(const std::string& text, std::uint16_t port) {
  Address address = InternetAddress(text, port);
  family_ = address.storage.ss_family;
  socket_ = NewSocket(family_);
  // The port can be had again at once after a restart.
  const int on = 1;
  ::setsockopt(socket_.value(), SOL_SOCKET, SO_REUSEADDR, &on,  // NOLINT(misc-include-cleaner)
               sizeof on);
  if (::bind(socket_.value(), address.get(), address.size) != 0) {
    Fail(CodeOf(errno), AddressAndPort(*address.get()), errno);
  }
  ::getsockname(socket_.value(), address.get(), &address.size);
  place_ = AddressAndPort(*address.get());
}

void Listener::ListenAtPath(const std::string& path) {
  Address address = UnixAddress(path);
  RemoveStaleSocket(path, address);
  family_ = AF_UNIX;
  socket_ = NewSocket(family_);
  if (::bind(socket_.value(), address.get(), address.size) != 0) {
    Fail(CodeOf(errno), Quoted(path), errno);
  }
  // Nobody can connect before listen, so nobody does with other rights.
  struct stat status = {};
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::lstat(path.c_str(), &status) != 0) {
    const int error = errno;
    ::unlink(path.c_str());
    Fail(ErrorCode::kIoError, Quoted(path), error);
  }
  place_ = path;
  file_ = std::filesystem::absolute(path);
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

void Listener::RemoveFile() {
  struct stat status = {};
  if (file_.empty() || ::lstat(file_.c_str(), &status) != 0) return;
  if (status.st_dev == device_ && status.st_ino == inode_) ::unlink(file_.c_str());
  file_.clear();
}

}  // namespace merle
