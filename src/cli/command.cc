#include "cli/command.h"

#include <cstdio>
#include <string>
#include <string_view>

#include "base/format.h"
#include "base/log.h"
#include "cli/terminal.h"

namespace merle {

void Invocation::Say(std::string_view message) const {
  if (options.quiet) return;
  // A progress bar may stand in the line.
  const std::string_view erase = messages.is_screen() ? kEraseLine : "";
  std::fputs(Format("{}merle: {}\n", erase, message).c_str(), stderr);
}

void Invocation::SayIfVerbose(std::string_view message) const {
  if (options.verbose) Say(message);
}

LogToMessages::LogToMessages(const Invocation& invocation) {
  SetLogCallback([&invocation](LogLevel level, std::string_view message) {
    if (level == LogLevel::kWarning) {
      invocation.Say(message);
    } else {
      invocation.SayIfVerbose(message);
    }
  });
}

LogToMessages::~LogToMessages() { SetLogCallback({}); }

}  // namespace merle
