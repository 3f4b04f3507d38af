// What the library has to say besides its results: messages to one callback, none by default.
#pragma once

#include <functional>
#include <string_view>

namespace merle {

enum class LogLevel {
  kDebug,    // For who looks for a fault: a file opened, a request answered.
  kInfo,     // What a run did: 90 MB fetched, 3 threads started.
  kWarning,  // Something was left out or looks wrong, and the result stands: code in config.json.
};

// Gets each message, one line of UTF-8 without its end. Called from any thread, one call at a time;
// must not throw and must not log.
using LogCallback = std::function<void(LogLevel level, std::string_view message)>;

// Sends the messages of the whole process to `callback` from now on; an empty one drops them, which
// is the state at the start. When it returns, the callback before is no longer running. May be
// called in any thread.
void SetLogCallback(LogCallback callback);

// Sends one message, in which paths and names may stand as they are: what does not print is
// escaped. Cheap, but takes a lock: not for inner loops.
void Log(LogLevel level, std::string_view message);

}  // namespace merle
