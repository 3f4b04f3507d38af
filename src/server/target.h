// The target of a request: its path, decoded, and its query.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace merle {

struct Target {
  std::string path;   // Percent-decoded once.
  std::string query;  // As it came, without the '?'.
};

// Nothing for all but "/path" and "/path?query" in the characters of RFC 3986 with whole escapes:
// no other form (section 3.2 of RFC 9112), no fragment, no path that isn't UTF-8 or has control
// characters, such as "%00" or "%0d%0a".
std::optional<Target> ParseTarget(std::string_view target);

}  // namespace merle
