// What a person sees while a model is fetched: a line that says what comes, then a progress bar.
#pragma once

#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/progress.h"
#include "hub/hub.h"
#include "hub/pull.h"

namespace merle {

// Says nothing where nothing is fetched.
class FetchReport {
 public:
  explicit FetchReport(const Invocation& invocation) : invocation_(invocation) {}

  // For ResolveModel; this object must outlive its use.
  PullObserver observer();

  void Begin(const PullPlan& plan);  // Shows the bar, once enough time has passed.
  void Update(std::uint64_t fetched_bytes);

 private:
  const Invocation& invocation_;
  std::optional<Progress> progress_;
};

// "11 files, 91.6 MB, of which 90.9 MB to fetch"
std::string FetchSummary(const PullPlan& plan);

}  // namespace merle
