// Asking again what failed for a moment.
#pragma once

#include <functional>
#include <limits>
#include <string>

#include "base/error.h"

namespace merle {

// A failure that may be gone when the same is asked again. `wait_seconds`: at least so long later.
class TransientError : public Error {
 public:
  TransientError(const std::string& message, double wait_seconds)
      : Error(ErrorCode::kUnavailable, message), wait_seconds_(wait_seconds) {}
  double wait_seconds() const { return wait_seconds_; }

 private:
  double wait_seconds_;
};

// Calls `ask` until it no longer throws TransientError: at most 5 times in a row without
// `progressed()` having turned true, with growing waits between, and for about `most_seconds` in
// all. Tells the log of each wait, as a warning where it takes long.
void WithRetries(const std::function<void()>& ask, const std::function<bool()>& progressed,
                 double most_seconds = std::numeric_limits<double>::infinity());

}  // namespace merle
