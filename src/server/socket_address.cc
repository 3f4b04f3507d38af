#include "server/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <string>

#include "base/format.h"

namespace merle {
namespace {

struct Parts {
  std::string address;  // Empty: no address of the Internet.
  int port = 0;
  bool v6 = false;
};

Parts PartsOf(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    ::inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
    return {text.data(), ntohs(in.sin_port), false};
  }
  if (address.sa_family != AF_INET6) return {};
  sockaddr_in6 in{};
  std::memcpy(&in, &address, sizeof in);
  const bool mapped = IN6_IS_ADDR_V4MAPPED(&in.sin6_addr);
  if (mapped) {
    ::inet_ntop(AF_INET, in.sin6_addr.s6_addr + 12, text.data(), text.size());
  } else {
    ::inet_ntop(AF_INET6, &in.sin6_addr, text.data(), text.size());
  }
  return {text.data(), ntohs(in.sin6_port), !mapped};
}

}  // namespace

std::string AddressAndPort(const sockaddr& address) {
  const Parts parts = PartsOf(address);
  if (parts.address.empty()) return "unix";
  return parts.v6 ? Format("[{}]:{}", parts.address, parts.port)
                  : Format("{}:{}", parts.address, parts.port);
}

std::string RemoteAddress(const sockaddr& address) {
  std::string text = PartsOf(address).address;
  return text == "::1" || text.starts_with("127.") ? std::string() : text;
}

}  // namespace merle
