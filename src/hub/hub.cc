#include "hub/hub.h"

#include <optional>
#include <string>

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

// A model without modules.json is averaged. What transformers alone has fetched lacks the file even
// where the model has one, and its vectors would be others.
bool KnowsModules(const std::string& snapshot, const CachedRepository& cached,
                  const std::string& commit) {
  return FileExists(snapshot + "/modules.json") ||
         FileExists(cached.NoExist(commit, "modules.json"));
}

// Fetches what the snapshot lacks, if it lacks anything; without a network says so and goes on.
void AskForModules(const std::string& model, const HubOptions& options,
                   const PullObserver& observer) {
  constexpr const char* kGuess =
      "no modules.json is in the cache, so its vectors are the mean of "
      "its tokens";
  if (!options.download) {
    Log(LogLevel::kWarning, Format("{}: {}; `merle pull` asks the hub", model, kGuess));
    return;
  }
  try {
    Fetch(model, options, observer);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnavailable) throw;
    Log(LogLevel::kWarning, Format("{}: {}, and the hub can't be asked", model, kGuess));
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
    const std::string pinned = name.repository + "@" + *commit;
    if (!KnowsModules(snapshot, cached, *commit)) AskForModules(pinned, options, observer);
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
