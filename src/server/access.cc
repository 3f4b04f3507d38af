#include "server/access.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/message.h"

namespace merle {
namespace {

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lower;
}

// The linked OpenSSL instead of base/checksum.h: no dlopen that could fail, and its comparison.
std::string Sha256(std::string_view text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
           reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

// The name of "localhost:8080", "[::1]:8080" or "Example.org.", as it is compared; empty if what
// stands behind it is no port.
std::string NameOf(std::string_view host) {
  const std::size_t bracket = host.starts_with('[') ? host.find(']') : 0;
  const std::size_t colon = std::min(host.find(':', bracket), host.size());
  const std::string_view port = host.substr(std::min(colon + 1, host.size()));
  if (port.find_first_not_of("0123456789") != std::string_view::npos) return {};
  std::string_view name = host.substr(0, colon);
  if (name.ends_with('.')) name.remove_suffix(1);
  return LowerCase(name);
}

// An address of IPv6 may be given without its brackets.
std::string ConfiguredName(const std::string& host) {
  const bool bare_v6 = !host.starts_with('[') && std::ranges::count(host, ':') > 1;
  return NameOf(bare_v6 ? '[' + host + ']' : host);
}

bool Contains(const std::vector<std::string>& values, std::string_view value) {
  return std::ranges::find(values, value) != values.end();
}

}  // namespace

Access::Access(const AccessOptions& options)
    : hosts_{"localhost", "127.0.0.1", "[::1]"}, all_origins_(Contains(options.origins, "*")) {
  for (const std::string& key : options.keys) digests_.push_back(Sha256(key));
  for (const std::string& host : options.hosts) hosts_.push_back(ConfiguredName(host));
  for (const std::string& origin : options.origins) origins_.push_back(LowerCase(origin));
}

bool Access::HasKey(std::optional<std::string_view> authorization) const {
  constexpr std::string_view kScheme = "bearer ";
  if (!authorization || LowerCase(authorization->substr(0, kScheme.size())) != kScheme) {
    return false;
  }
  const std::string given = Sha256(authorization->substr(kScheme.size()));
  bool found = false;
  for (const std::string& digest : digests_) {
    found |= ::CRYPTO_memcmp(digest.data(), given.data(), given.size()) == 0;
  }
  return found;
}

bool Access::KnowsHost(std::optional<std::string_view> host) const {
  if (!host) return true;  // HTTP/1.0, which no browser speaks.
  const std::string name = NameOf(*host);
  return !name.empty() && Contains(hosts_, name);
}

bool Access::AllowsOrigin(const Request& head) const {
  const std::optional<std::string_view> origin = head.Header("origin");
  if (!origin || IsListed(*origin)) return true;
  const std::string host = LowerCase(head.Header("host").value_or(""));
  const std::string page = LowerCase(*origin);
  return !host.empty() && (page == "http://" + host || page == "https://" + host);
}

bool Access::IsListed(std::string_view origin) const {
  return all_origins_ || Contains(origins_, LowerCase(origin));
}

std::vector<std::pair<std::string, std::string>> Access::CorsHeaders(const Request& head) const {
  const std::optional<std::string_view> origin = head.Header("origin");
  if (!origin || !IsListed(*origin)) return {};
  std::vector<std::pair<std::string, std::string>> headers = {
      {"access-control-allow-origin", all_origins_ ? "*" : std::string(*origin)},
      {"access-control-expose-headers", "x-request-id, retry-after"},
      {"vary", "Origin"},
  };
  if (head.method == "OPTIONS") {
    // Clients send headers of their own, such as X-Stainless-Lang. "*" would not mean
    // Authorization.
    const auto asked = head.Header("access-control-request-headers");
    headers.emplace_back("access-control-allow-methods", "GET, POST");
    headers.emplace_back("access-control-allow-headers",
                         asked.value_or("authorization, content-type"));
    headers.emplace_back("access-control-max-age", "600");
  }
  return headers;
}

}  // namespace merle
