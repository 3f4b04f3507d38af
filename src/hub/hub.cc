#include "hub/hub.h"

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "hub/cache.h"
#include "hub/file_selection.h"
#include "hub/hub_options.h"
#include "hub/model_name.h"
#include "hub/pull.h"

namespace merle {
namespace {

std::string Fetch(const std::string& model, const HubOptions& options,
                  const PullObserver& observer) {
  const PullPlan plan = PlanPull(model, options);
  if (observer.on_plan) observer.on_plan(plan);
  return Pull(plan, options, observer.on_progress ? observer.on_progress : [](auto&&...) {});
}

// Files that change the vectors, that the snapshot lacks, and of which nothing tells whether the
// model lacks them too. What another program fetched, such as transformers alone, is often a part.
std::vector<std::string> UnknownFiles(const CachedRepository& cached, const std::string& commit) {
  std::vector<std::string> files = LackingOptionalFiles(cached.Snapshot(commit));
  std::erase_if(files, [&](const auto& file) { return FileExists(cached.NoExist(commit, file)); });
  return files;
}

// Fetches those of `files` that the model has. Where the hub can't tell, says so and goes on: what
// is in the cache is a model, and worked here before.
void AskForFiles(const std::vector<std::string>& files, const ModelName& pinned,
                 const HubOptions& options, const PullObserver& observer) {
  const std::string model = pinned.repository + "@" + pinned.revision;
  const std::string doubt = Format(
      "{}: no {} in the cache, and nothing tells whether the model has {}; without {} its "
      "vectors may be others",
      model, Join(files, ", "), files.size() == 1 ? "it" : "them",
      files.size() == 1 ? "it" : "them");
  if (!options.download) {
    Log(LogLevel::kWarning, Format("{}; `merle pull` asks the hub", doubt));
    return;
  }
  try {
    if (HubHasAny(files, pinned.repository, pinned.revision, options)) {
      Fetch(model, options, observer);
    }
  } catch (const Error& error) {
    Log(LogLevel::kWarning, Format("{}: {}", doubt, error.what()));
  }
}

}  // namespace

std::string ResolveModel(const std::string& model, const HubOptions& options,
                         const PullObserver& observer) {
  if (model.empty()) throw Error(ErrorCode::kInvalidArgument, "the model's name is empty");
  if (FolderExists(model)) return model;
  if (FileExists(model)) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("'{}' is a file; name the model's folder", model));
  }
  if (model.front() == '/' || model.front() == '.' || model.front() == '~') {
    throw Error(ErrorCode::kNotFound, Format("there is no model folder '{}'", model));
  }
  const ModelName name = NameInCache(model, options.cache);
  const CachedRepository cached(options.cache, name.repository);
  const std::optional<std::string> commit = cached.FindCommit(name.revision);
  std::string snapshot = commit ? cached.Snapshot(*commit) : std::string();
  const bool here = commit && FolderExists(snapshot);
  const std::string missing = here ? MissingPart(snapshot) : std::string();
  if (here && missing.empty()) {
    const std::vector<std::string> unknown = UnknownFiles(cached, *commit);
    if (!unknown.empty()) AskForFiles(unknown, {name.repository, *commit}, options, observer);
    return snapshot;
  }
  if (options.download) return Fetch(model, options, observer);
  if (here) {
    throw Error(ErrorCode::kDataLoss,
                Format("{}: is incomplete, it lacks {}; run `merle pull {}` with a network",
                       snapshot, missing, model));
  }
  throw Error(ErrorCode::kNotFound,
              Format("the model '{}' (revision {}) is not in the cache {}, and nothing may be "
                     "fetched; `merle models list` shows what is there",
                     name.repository, name.revision, options.cache));
}

}  // namespace merle
