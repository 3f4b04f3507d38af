// The table of all commands.
#pragma once

#include <span>

#include "cli/command.h"

namespace merle {

// All commands, in the order of the help.
std::span<const Command> AllCommands();

// Each in the file of its name: embed_command.cc and so on.
CommandDetails EmbedDetails();
CommandDetails SimilarityDetails();
CommandDetails SearchDetails();
CommandDetails ServeDetails();
CommandDetails TokenizeDetails();
CommandDetails ExplainDetails();
CommandDetails PullDetails();
CommandDetails ModelsListDetails();
CommandDetails ModelsShowDetails();
CommandDetails ModelsRemoveDetails();
CommandDetails EvalStsDetails();
CommandDetails VersionDetails();
CommandDetails HelpDetails();
CommandDetails CompletionDetails();

}  // namespace merle
