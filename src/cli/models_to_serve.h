// Which models `merle serve` offers, under which names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.h"

namespace merle {

struct ModelToServe {
  std::string folder;
  std::string id;                    // "org/name", or the name of a folder that is no snapshot.
  std::vector<std::string> aliases;  // How it was called on the command line, and --alias.
  std::string revision;              // Commit hash, or empty.
  std::uint64_t bytes;               // Of its weights.
};

// The arguments, or --model without any, then those of --alias, each fetched if it is not here.
// Throws ModelError, and UsageError for an alias without a model and for a name that stands for
// two.
std::vector<ModelToServe> FindModelsToServe(const Invocation& invocation);

}  // namespace merle
