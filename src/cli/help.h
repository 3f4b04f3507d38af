// The help texts, all made from the tables of commands and flags.
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace merle {

// What a flag means, its default and its variable: "Use N threads [one for each physical core]
// (MERLE_THREADS)".
std::string MeaningOf(const Option& option);

// What `merle` alone says: who it is, and what to try first.
std::string WelcomeText(const Terminal& screen);

// What `merle --help` says: all commands, by group.
std::string OverviewText(const Terminal& screen);

// What `merle COMMAND -h` says: the usage, three examples, the flags in a few words.
std::string ShortHelpText(const Command& command, const Terminal& screen);

// What `merle COMMAND --help` says: everything, with defaults and environment variables.
std::string FullHelpText(const Command& command, const Terminal& screen);

}  // namespace merle
