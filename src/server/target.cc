#include "server/target.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/utf8.h"

namespace merle {
namespace {

bool IsAllowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~!$&'()*+,;=:@/?%").find(c) != std::string_view::npos;
}

// Nothing if an escape is no '%' with two hexadecimal digits.
std::optional<std::string> Decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    unsigned char byte = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

std::optional<Target> ParseTarget(std::string_view target) {
  if (!target.starts_with('/') || !std::ranges::all_of(target, IsAllowed)) return std::nullopt;
  const std::size_t mark = std::min(target.find('?'), target.size());
  std::optional<std::string> path = Decode(target.substr(0, mark));
  const std::string_view query = target.substr(std::min(mark + 1, target.size()));
  const std::optional<std::string> decoded_query = Decode(query);
  if (!path || !decoded_query || FindInvalidUtf8(*path)) return std::nullopt;
  if (std::ranges::any_of(*path, IsControl) || decoded_query->find('\0') != std::string::npos) {
    return std::nullopt;
  }
  return Target{*std::move(path), std::string(query)};
}

}  // namespace merle
