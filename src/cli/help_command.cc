// merle help: the page of one command, or the list of all.

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/find_command.h"
#include "cli/help.h"
#include "cli/manual.h"

namespace merle {
namespace {

int Run(const Invocation& invocation) {
  if (invocation.options.man) {
    invocation.out.Write(ManualText());
  } else if (invocation.arguments.empty()) {
    invocation.out.Write(OverviewText(invocation.screen));
  } else {
    const CommandMatch match = FindCommand(invocation.arguments);
    invocation.out.Write(FullHelpText(*match.command, invocation.screen));
  }
  return kExitOk;
}

}  // namespace

CommandDetails HelpDetails() {
  return {
      .arguments = "[COMMAND]",
      .least_arguments = 0,
      .most_arguments = 2,
      .options = {"man"},
      .description =
          "Without a command: the list of all. The same as merle COMMAND --help.\n"
          "--man writes everything as one manual page: merle help --man | man -l -",
      .examples = {{"merle help", "all commands"},
                   {"merle help search", "one command, every flag"},
                   {"merle help models show", "a command of two words"}},
      .run = Run,
  };
}

}  // namespace merle
