// Addresses of sockets as text.
#pragma once

#include <sys/socket.h>

#include <string>

namespace merle {

// "127.0.0.1:8080", "[::1]:8080", "unix". An IPv4 address that came by an IPv6 socket is shown as
// the former.
std::string AddressAndPort(const sockaddr& address);

// "127.0.0.1", "::1". Empty for addresses that connections are not counted by: those of this
// machine, and of Unix sockets.
std::string RemoteAddress(const sockaddr& address);

}  // namespace merle
