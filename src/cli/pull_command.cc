// merle pull: fetches a model from the Hugging Face hub into the cache.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/http_client.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/fetch_report.h"
#include "cli/model_access.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "hub/blob.h"
#include "hub/cache.h"
#include "hub/hub_options.h"
#include "hub/model_name.h"
#include "hub/pull.h"

namespace merle {
namespace {

// What will be fetched, before anything is.
std::string PlanPage(const PullPlan& plan, const Terminal& screen) {
  std::string page;
  const auto fact = [&](std::string_view name, std::string_view value) {
    AppendFormat(page, "{}{}\n", screen.Bold(PadRight(name, 10)), value);
  };
  fact("model", screen.Accent(plan.model.repository));
  fact("revision", plan.commit == plan.model.revision
                       ? plan.commit
                       : Format("{} ({})", plan.commit, plan.model.revision));
  fact("into", OneLine(plan.path));
  fact("files", FetchSummary(plan));
  if (plan.free_bytes) fact("free", HumanBytes(*plan.free_bytes));
  std::size_t width = 0;
  for (const PullFile& file : plan.files) width = std::max(width, DisplayWidth(file.name));
  for (const PullFile& file : plan.files) {
    const std::uint64_t here = file.facts.bytes - file.fetch_bytes;
    std::string state;
    if (file.cached) {
      state = "  here";
    } else if (file.damaged) {
      state = "  damaged, comes again";
    } else if (file.fetch_bytes == 0) {
      state = "  as a file above";
    } else if (here > 0) {
      state = Format("  {} here", HumanBytes(here));
    }
    AppendFormat(page, "  {}  {:>8}{}\n", PadRight(file.name, width), HumanBytes(file.facts.bytes),
                 screen.Dim(state));
  }
  return page;
}

std::string PlanLine(const PullPlan& plan) {
  JsonWriter json;
  json.BeginObject().Key("name").Value(plan.model.repository).Key("revision").Value(plan.commit);
  json.Key("path").Value(ReplaceInvalidUtf8(plan.path)).Key("bytes").Value(plan.bytes);
  json.Key("fetch_bytes").Value(plan.fetch_bytes).Key("files").BeginArray();
  for (const PullFile& file : plan.files) {
    json.BeginObject().Key("name").Value(ReplaceInvalidUtf8(file.name));
    json.Key("bytes").Value(file.facts.bytes).Key("etag").Value(file.facts.etag);
    json.Key("cached").Value(file.cached).Key("damaged").Value(file.damaged).EndObject();
  }
  json.EndArray().EndObject();
  return json.text() + "\n";
}

void Fetch(const Invocation& invocation, const PullPlan& plan, const HubOptions& hub) {
  FetchReport report(invocation);
  report.Begin(plan);
  Pull(plan, hub, [&](std::uint64_t bytes) { report.Update(bytes); });
}

// Asks the hub, and reads again what is here.
PullPlan Plan(const Invocation& invocation, const std::string& model, const HubOptions& hub) {
  PullPlan plan = PlanPull(model, hub);
  std::uint64_t bytes = 0;
  for (const PullFile& file : plan.files) bytes += file.cached ? file.facts.bytes : 0;
  if (bytes == 0) return plan;
  invocation.SayIfVerbose(Format("verifying {} that are here", HumanBytes(bytes)));
  Progress progress(invocation, "verifying", bytes, HumanBytes);
  VerifyCached(plan, hub, [&](std::uint64_t done) { progress.Update(done); });
  return plan;
}

// What can be told of the model without the hub.
std::string StateOfCached(const Invocation& invocation, const std::string& model,
                          const HubOptions& hub) {
  const ModelName name = NameInCache(model, hub.cache);
  const CachedRepository cached(hub.cache, name.repository);
  const auto commit = cached.FindCommit(name.revision);
  if (!commit || !FolderExists(cached.Snapshot(*commit))) return "it is not in the cache";
  const std::string snapshot = cached.Snapshot(*commit);
  Progress progress(invocation, "verifying", std::nullopt, HumanBytes);
  const std::vector<std::string> damaged =
      DamagedFiles(snapshot, [&](std::uint64_t done) { progress.Update(done); });
  if (!damaged.empty()) {
    return Format("in {} the checksum is wrong of {}", snapshot, Join(damaged, ", "));
  }
  const std::string problem = ProblemOfSnapshot(snapshot);
  return problem.empty() ? "what is here of it has the right checksums" : "what is here " + problem;
}

// An error that nothing can be fetched, with that state.
ModelError NotFetched(std::string_view why, const Invocation& invocation, const std::string& model,
                      const HubOptions& hub) {
  std::string state;
  try {
    state = StateOfCached(invocation, model, hub);
  } catch (const Error& error) {
    state = error.what();
  }
  return {ErrorCode::kUnavailable, Format("{}; {}", why, state)};
}

std::string Outcome(const PullPlan& plan) {
  const bool all_here = std::ranges::all_of(plan.files, [](auto& file) { return file.cached; });
  const auto unchecked = std::ranges::count_if(
      plan.files, [](const PullFile& file) { return !HasChecksum(file.facts); });
  return Format("{}; {}.\n", all_here ? "All of it was here" : "Fetched",
                unchecked == 0 ? "every checksum is right"
                               : Format("of {} files only the size could be checked", unchecked));
}

int RunPull(const Invocation& given) {
  Invocation invocation = given;
  invocation.options.no_progress |= EnvironmentForbidsFetchBars();
  const Options& options = invocation.options;
  const std::string& model =
      invocation.arguments.empty() ? options.model : invocation.arguments.front();
  RefuseRemote(model);
  const HubOptions hub = HubFromEnvironment();
  if (!hub.download) {
    throw NotFetched("HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, so nothing is fetched",
                     invocation, model, hub);
  }
  const bool page = !options.quiet && !options.json;
  try {
    const PullPlan plan = Plan(invocation, model, hub);
    if (page) {
      invocation.out.Write(PlanPage(plan, invocation.screen));
      invocation.out.Flush();
    }
    if (!options.dry_run) Fetch(invocation, plan, hub);
    if (options.json) {
      invocation.out.Write(PlanLine(plan));
    } else if (options.quiet) {
      invocation.out.Write(plan.path + "\n");
    } else if (!options.dry_run) {
      invocation.out.Write(Outcome(plan));
    }
  } catch (const NoConnectionError& error) {
    throw NotFetched(error.what(), invocation, model, hub);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInvalidArgument && FolderExists(model)) {
      throw UsageError(
          Format("'{}' is a folder, which needs no fetching; pull takes a model's name "
                 "on the hub, such as org/name",
                 model));
    }
    throw ModelError(error.code(), error.what());
  }
  return kExitOk;
}

}  // namespace

CommandDetails PullDetails() {
  return {
      .arguments = "[MODEL]",
      .least_arguments = 0,
      .most_arguments = 1,
      .options = {"model", "dry-run", "json"},
      .description =
          "Fetches a model, \"org/name\" or \"org/name@revision\", into the Hugging Face cache, "
          "where other programs find it too: configuration, tokenizer and weights as safetensors, "
          "all of one commit. What is here is checked and not fetched again unless it is damaged, "
          "and an interrupted fetch goes on where it ended.\n"
          "HF_HUB_CACHE or HF_HOME says where the cache is, HF_TOKEN opens private and gated "
          "models, HF_ENDPOINT names another hub, HF_HUB_OFFLINE=1 forbids the network. --json "
          "writes "
          "{\"name\":…,\"revision\":…,\"path\":…,\"bytes\":…,\"fetch_bytes\":…,\"files\":…}; "
          "-q only the path.",
      .examples = {{"merle pull sentence-transformers/all-MiniLM-L6-v2", "fetch a model"},
                   {"merle pull BAAI/bge-small-en-v1.5 --dry-run", "see what it would take"},
                   {"cd \"$(merle pull -q intfloat/e5-small-v2)\"", "go to its files"}},
      .run = RunPull,
  };
}

}  // namespace merle
