#include "base/log.h"

#include <mutex>
#include <string_view>
#include <utility>

#include "base/quote.h"

namespace merle {
namespace {

struct LogTarget {
  std::mutex mutex;
  LogCallback callback;  // Guarded by mutex.
};

// Never destroyed: a thread may log while the process ends.
LogTarget& Target() {
  static auto* const kTarget = new LogTarget;
  return *kTarget;
}

}  // namespace

void SetLogCallback(LogCallback callback) {
  const std::lock_guard lock(Target().mutex);
  std::swap(Target().callback, callback);
}

void Log(LogLevel level, std::string_view message) {
  const std::lock_guard lock(Target().mutex);
  if (Target().callback) Target().callback(level, Escaped(message));
}

}  // namespace merle
