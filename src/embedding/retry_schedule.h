// When a request that a server did not answer well is worth another try, and after how long.
#pragma once

#include <optional>

#include "base/http_client.h"

namespace merle {

inline constexpr int kMostTries = 8;  // Of one request; with the waits between them a minute or so.
inline constexpr double kLongestWait = 120;  // Seconds. A server that asks for more means "later".

// Whether the same request may get a better answer: 408, 409, 429 and 5xx, unless the server says
// x-should-retry: false; and whatever it says x-should-retry: true to.
// Peer: openai-python, BaseClient._should_retry.
bool MayPass(const HttpResponse& response);

// Seconds to wait after try number `tries`, from 1, or nothing: give up. What the server asks for
// (retry-after-ms, Retry-After) and a little more, else 0.5 s, 1, 2 … up to 30, less up to a half.
// random: in [0, 1); spreads what several connections and clients do at once. response: nothing
// where there was none.
// Peer: openai-python, BaseClient._calculate_retry_timeout, which waits 8 s at most.
std::optional<double> SecondsToWait(int tries, const HttpResponse* response, double random);

}  // namespace merle
