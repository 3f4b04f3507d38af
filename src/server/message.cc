#include "server/message.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace merle {

std::optional<std::string_view> Request::Header(std::string_view lower_case_name) const {
  const auto found = std::ranges::find_if(
      headers, [&](const auto& header) { return header.first == lower_case_name; });
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

}  // namespace merle
