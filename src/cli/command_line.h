// Takes a command line apart: flags by the option table, the rest as arguments.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/options.h"

namespace merle {

struct CommandLine {
  Options options;
  std::vector<std::string> arguments;
};

// Reads the words after the command's name. Flags may stand anywhere: --name VALUE, --name=VALUE,
// -n VALUE, -nVALUE, switches together as -qv; -- ends them. A word is no flag if it has a blank
// before any "=", or no letter after its dashes: "-5 degrees" is a text, "-" standard input.
// A flag that takes several values takes all words up to the next flag.
// What is not on the line comes from the flag's environment variable.
// Throws UsageError, with the nearest flag where one is misspelt.
CommandLine ParseCommandLine(const Command& command, std::span<const std::string> words);

// The flags that `command` takes, in the order of the table: its own and those of all commands.
std::vector<const Option*> OptionsOf(const Command& command);

// The candidate that `word` most likely stands for, or empty if none is near.
std::string_view Nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace merle
