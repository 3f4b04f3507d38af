// Turns a model's name into a folder on this machine, fetching it first where that is allowed.
#pragma once

#include <functional>
#include <string>

#include "hub/cache.h"
#include "hub/hub_options.h"
#include "hub/pull.h"

namespace merle {

// Hears of a fetch that ResolveModel starts: what it will do, then how far it is.
struct PullObserver {
  std::function<void(const PullPlan& plan)> on_plan;
  PullProgress on_progress;
};

// Returns the folder of `model`:
//   a folder that exists          itself
//   "org/name", "org/name@rev"    its snapshot in the cache (rev: a commit or a ref, default main)
//   "name"                        as NameInCache says
// A snapshot that is whole is used without asking the hub. One that is not there, or lacks a part,
// is fetched first if options.download allows it. One that works, but where nothing tells whether a
// file that changes its vectors is missing, makes one question to the hub, whose answer the cache
// keeps; where the hub can't tell or must not be asked, a warning goes to the log.
// Throws kNotFound with what to do when there is no such model, kInvalidArgument for a name that
// can't be one, kDataLoss for a snapshot that lacks a part and may not be fetched, and what
// PlanPull and Pull throw.
std::string ResolveModel(const std::string& model, const HubOptions& options,
                         const PullObserver& observer = {});

}  // namespace merle
