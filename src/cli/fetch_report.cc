#include "cli/fetch_report.h"

#include <cstdint>
#include <string>

#include "base/format.h"
#include "cli/environment.h"
#include "cli/terminal.h"
#include "hub/hub.h"
#include "hub/pull.h"

namespace merle {

PullObserver FetchReport::observer() {
  return {.on_plan =
              [this](const PullPlan& plan) {
                if (plan.fetch_bytes == 0) return;
                invocation_.Say(Format("fetching {} (revision {}): {}", plan.model.repository,
                                       plan.commit, FetchSummary(plan)));
                Begin(plan);
              },
          .on_progress = [this](std::uint64_t bytes) { Update(bytes); }};
}

void FetchReport::Begin(const PullPlan& plan) {
  if (EnvironmentForbidsFetchBars()) return;
  progress_.emplace(invocation_, "fetching", plan.fetch_bytes, HumanBytes);
}

void FetchReport::Update(std::uint64_t fetched_bytes) {
  if (progress_) progress_->Update(fetched_bytes);
}

std::string FetchSummary(const PullPlan& plan) {
  std::string summary = Format("{} file{}, {}", plan.files.size(),
                               plan.files.size() == 1 ? "" : "s", HumanBytes(plan.bytes));
  if (plan.fetch_bytes == 0) {
    summary += ", all of it here";
  } else if (plan.fetch_bytes < plan.bytes) {
    summary += Format(", of which {} to fetch", HumanBytes(plan.fetch_bytes));
  }
  return summary;
}

}  // namespace merle
