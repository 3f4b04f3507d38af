#include "server/request_ids.h"

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>

#include "base/format.h"

namespace merle {
namespace {

bool IsHex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

bool IsRequestId(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

std::string NewRequestId() {
  static std::mt19937_64 random{std::random_device{}()};
  const auto high = random();
  return Format("{:016x}{:016x}", high, random());
}

// "00-" trace id "-" parent id "-" flags. A later version may have more behind that.
std::string TraceId(std::string_view traceparent) {
  constexpr std::size_t kSize = 55;
  if (traceparent.size() < kSize) return {};
  const std::string_view version = traceparent.substr(0, 2);
  const std::string_view trace = traceparent.substr(3, 32);
  const std::string_view parent = traceparent.substr(36, 16);
  const bool well_formed = traceparent[2] == '-' && traceparent[35] == '-' &&
                           traceparent[52] == '-' && IsHex(version) && IsHex(trace) &&
                           IsHex(parent) && IsHex(traceparent.substr(53, 2));
  if (!well_formed || version == "ff" || IsZero(trace) || IsZero(parent)) return {};
  if (traceparent.size() > kSize && (version == "00" || traceparent[kSize] != '-')) return {};
  return std::string(trace);
}

}  // namespace merle
