// Fetches a model from the hub into the cache, all files of one commit.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hub/hub_client.h"
#include "hub/hub_options.h"
#include "hub/model_name.h"

namespace merle {

struct PullFile {
  std::string name;  // Below the model's folder.
  FileFacts facts;
  bool cached = false;            // Whether its content is here already.
  bool damaged = false;           // What is here has another checksum.
  std::uint64_t fetch_bytes = 0;  // To fetch of it: none where an earlier file brings its content.
};

// What a pull will do, known before it does anything.
struct PullPlan {
  ModelName model;
  std::string commit;  // That the revision stands for now; every file is of this commit.
  std::string path;    // The snapshot's folder, which perhaps isn't there yet.
  std::vector<PullFile> files;
  std::vector<std::string> absent;          // Files that programs look for and this model lacks.
  std::uint64_t bytes = 0;                  // Of all files.
  std::uint64_t fetch_bytes = 0;            // Of those, still to fetch.
  std::optional<std::uint64_t> free_bytes;  // On the cache's disk, where that can be told.
};

// Asks the hub for the files of `model` ("org/name", perhaps with "@revision") and looks which are
// here. Writes nothing. Throws what ParseModelName and HubClient throw.
PullPlan PlanPull(const std::string& model, const HubOptions& options);

// How many bytes are done; never fewer than before.
using PullProgress = std::function<void(std::uint64_t bytes)>;

// Reads what is here again: a file whose checksum is wrong becomes one to fetch. PlanPull goes by
// the size alone. Throws kIoError if a file can't be read.
void VerifyCached(PullPlan& plan, const HubOptions& options, const PullProgress& on_progress);

// Whether the hub has one of `files` in the commit `commit` of a model. Where it has none, the
// cache notes that, if it can be written. Throws what HubClient throws.
bool HubHasAny(const std::vector<std::string>& files, const std::string& repository,
               const std::string& commit, const HubOptions& options);

// Does what the plan says and returns plan.path; on_progress counts up to plan.fetch_bytes. What
// makes a snapshot usable, its config.json, comes when all other files are there, and then the ref;
// so a pull that is killed leaves nothing that could be taken for a model. Throws kIoError before
// it starts if the disk has too little room, and what FetchBlob throws; what has arrived stays for
// the next attempt.
std::string Pull(const PullPlan& plan, const HubOptions& options, const PullProgress& on_progress);

}  // namespace merle
