// merle models remove: takes a model out of the cache.

#include <cstddef>
#include <string>

#include "base/error.h"
#include "base/format.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "hub/cache.h"
#include "hub/model_name.h"

namespace merle {
namespace {

std::string RemovedLine(const ModelName& name, const RemovedModel& removed) {
  JsonWriter json;
  json.BeginObject().Key("name").Value(name.repository).Key("revisions").BeginArray();
  for (const std::string& revision : removed.revisions) json.Value(revision);
  json.EndArray().Key("bytes").Value(removed.bytes).EndObject();
  return json.text() + "\n";
}

int Remove(const Invocation& invocation) {
  const Options& options = invocation.options;
  const std::string cache = HubCacheFromEnvironment();
  const std::string& model = invocation.arguments.front();
  ModelName name;
  RemovedModel removed;
  try {
    name = NameInCache(model, cache);
    const bool one_revision = model.find('@') != std::string::npos;
    removed =
        RemoveModel(cache, name.repository, one_revision ? name.revision : "", options.dry_run);
  } catch (const Error& error) {
    throw ModelError(error.code(), error.what());
  }
  if (options.json) {
    invocation.out.Write(RemovedLine(name, removed));
  } else if (!options.quiet) {
    const std::size_t count = removed.revisions.size();
    invocation.out.Write(Format("{} {} ({} revision{}): {} freed\n",
                                options.dry_run ? "would remove" : "removed", name.repository,
                                count, count == 1 ? "" : "s", HumanBytes(removed.bytes)));
  }
  return kExitOk;
}

}  // namespace

CommandDetails ModelsRemoveDetails() {
  return {
      .arguments = "MODEL",
      .least_arguments = 1,
      .most_arguments = 1,
      .options = {"dry-run", "json"},
      .description =
          "Removes a model from the Hugging Face cache, for other programs too: all of it, or with "
          "\"org/name@revision\" one revision, of which only files go that no other revision "
          "needs. `merle pull` fetches it again. --json writes "
          "{\"name\":…,\"revisions\":[…],\"bytes\":…}.",
      .examples = {{"merle models remove BAAI/bge-small-en-v1.5", "all revisions"},
                   {"merle models remove BAAI/bge-small-en-v1.5 --dry-run",
                    "see how much it frees"},
                   {"merle models remove org/name@v1.0", "one revision"}},
      .run = Remove,
  };
}

}  // namespace merle
