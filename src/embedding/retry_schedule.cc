#include "embedding/retry_schedule.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/http_client.h"

namespace merle {
namespace {

constexpr double kFirstWait = 0.5;
constexpr double kLongestOwnWait = 30;

// What the server asks for, in seconds; nothing if it doesn't say, or not how long.
std::optional<double> AskedWait(const HttpResponse& response) {
  double milliseconds = 0;
  const std::string_view text = response.Header("retry-after-ms").value_or("");
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  const double wait = is_number ? milliseconds / 1000 : response.RetryAfter().value_or(0);
  if (!(wait > 0)) return std::nullopt;
  return wait;
}

}  // namespace

bool MayPass(const HttpResponse& response) {
  const auto said = response.Header("x-should-retry");
  if (said == "true") return true;
  if (said == "false") return false;
  const int status = response.status;
  return status == 408 || status == 409 || status == 429 || status >= 500;
}

std::optional<double> SecondsToWait(int tries, const HttpResponse* response, double random) {
  if (tries >= kMostTries) return std::nullopt;
  if (const auto asked = response == nullptr ? std::nullopt : AskedWait(*response)) {
    if (*asked > kLongestWait) return std::nullopt;
    return *asked + random * std::min(1.0, *asked / 4);
  }
  const double wait = std::min(std::ldexp(kFirstWait, tries - 1), kLongestOwnWait);
  return wait * (1 - random / 2);
}

}  // namespace merle
