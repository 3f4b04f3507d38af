#include "cli/command.h"

#include <cstdio>
#include <string_view>

#include "base/format.h"

namespace merle {

void Invocation::Say(std::string_view message) const {
  if (!options.quiet) std::fputs(Format("merle: {}\n", message).c_str(), stderr);
}

void Invocation::SayIfVerbose(std::string_view message) const {
  if (options.verbose) Say(message);
}

}  // namespace merle
