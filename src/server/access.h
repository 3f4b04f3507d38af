// Who may ask: API keys, the names this server goes by, the pages that may call it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/message.h"

namespace merle {

struct AccessOptions {
  std::vector<std::string> keys = {};   // Any of them opens every route; none: no key is asked for.
  std::vector<std::string> hosts = {};  // Names that the header Host may have besides localhost,
                                        // its addresses and the address that is listened at.
  std::vector<std::string> origins =
      {};  // Of web pages that may call us ("https://app.example"); "*": all.
};

// Immutable. Keeps digests of the keys only.
class Access {
 public:
  explicit Access(const AccessOptions& options);

  // Whether `authorization` is "Bearer " (in any case) and one of the keys. Compares digests, all
  // of them and in constant time.
  bool HasKey(std::optional<std::string_view> authorization) const;
  bool needs_key() const { return !digests_.empty(); }

  // A foreign Host is how a web page reaches a local server by a name of its own (DNS rebinding,
  // CVE-2024-28224 of Ollama). Its port is not looked at. No Host: HTTP/1.0, and so no browser.
  bool KnowsHost(std::optional<std::string_view> host) const;
  // No Origin: not a page. Same origin as Host: our own page.
  bool AllowsOrigin(const Request& head) const;

  // The headers of CORS for a reply to `head`, none for an Origin that is not on the list.
  std::vector<std::pair<std::string, std::string>> CorsHeaders(const Request& head) const;

 private:
  bool IsListed(std::string_view origin) const;

  std::vector<std::string> digests_;  // SHA-256.
  std::vector<std::string> hosts_;    // Lower-case names without ports.
  std::vector<std::string> origins_;  // Lower-case.
  bool all_origins_;
};

}  // namespace merle
