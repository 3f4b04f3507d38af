#include "hub/retry.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include "base/format.h"
#include "base/log.h"
#include "base/stopwatch.h"

namespace merle {
namespace {

constexpr int kMostTries = 5;
constexpr double kLongestWait = 60;  // Seconds; a server that asks for more is "later" to a person.
constexpr double kSilentSeconds = 10;  // After which a person wants to know what it is waiting for.

}  // namespace

void WithRetries(const std::function<void()>& ask, const std::function<bool()>& progressed,
                 double most_seconds) {
  const Stopwatch watch;
  for (int tries = 1;; ++tries) {
    try {
      ask();
      return;
    } catch (const TransientError& error) {
      if (progressed()) tries = 1;
      const double wait = std::max(error.wait_seconds(), 0.25 * (1 << tries));
      const double seconds = watch.Seconds();
      if (tries >= kMostTries || wait > kLongestWait || seconds + wait >= most_seconds) throw;
      Log(seconds < kSilentSeconds ? LogLevel::kInfo : LogLevel::kWarning,
          Format("{}; trying again in {:.1f} s", error.what(), wait));
      std::this_thread::sleep_for(std::chrono::duration<double>(wait));
    }
  }
}

}  // namespace merle
