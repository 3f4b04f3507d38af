// What must be the same for one run of `embed` to go on with the output of another.
#pragma once

#include "cli/command.h"
#include "cli/journal.h"
#include "cli/model_access.h"
#include "embedding/embed_options.h"

namespace merle {

// All that decides the bytes of the output but the input: flags, the arithmetic, of which the
// vectors of a few texts tell, and the model by the bytes of its files. So it does not matter under
// which name or where the model lies. Takes as long as those texts do, and reads the model. Of a
// model behind a server its name and address count.
// Throws kDataLoss if files of the model have changed since it was opened.
RunIdentity IdentityOfRun(const Invocation& invocation, const OpenedModel& model,
                          const EmbedOptions& embed);

}  // namespace merle
