// What must be the same for one run of `embed` to go on with the output of another.
#pragma once

#include "cli/command.h"
#include "cli/journal.h"
#include "cli/model_access.h"
#include "embedding/embed_options.h"

namespace merle {

// All that decides the bytes of the output but the input: flags, instruction set, and a fingerprint
// of the model, which is that of its vectors of a few texts. So it does not matter under which name
// or where the model lies. Takes as long as those texts do. Of a model behind a server its name and
// address count.
RunIdentity IdentityOfRun(const Invocation& invocation, const OpenedModel& model,
                          const EmbedOptions& embed);

}  // namespace merle
