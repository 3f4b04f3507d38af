// From the first words of a command line to the command.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "cli/command.h"

namespace merle {

struct CommandMatch {
  const Command* command;
  std::size_t words;  // How many words its name took: 1 or 2.
};

// "models" alone is "models list". Throws UsageError, with the nearest command, for an unknown one.
// words: at least one.
CommandMatch FindCommand(std::span<const std::string> words);

}  // namespace merle
