// merle pull: fetches a model from the Hugging Face hub into the cache.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/format.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/fetch_report.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "hub/blob.h"
#include "hub/hub_options.h"
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
    std::string state;
    if (file.cached) {
      state = "  here";
    } else if (file.unfinished > 0) {
      state = Format("  {} here", HumanBytes(file.unfinished));
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
    json.Key("cached").Value(file.cached).EndObject();
  }
  json.EndArray().EndObject();
  return json.text() + "\n";
}

void Fetch(const Invocation& invocation, const PullPlan& plan, const HubOptions& hub) {
  FetchReport report(invocation);
  report.Begin(plan);
  Pull(plan, hub, [&](std::uint64_t bytes) { report.Update(bytes); });
}

std::string Outcome(const PullPlan& plan) {
  if (plan.fetch_bytes == 0) return "All of it was here.\n";
  const auto unchecked = std::ranges::count_if(
      plan.files, [](const PullFile& file) { return !HasChecksum(file.facts); });
  return unchecked == 0
             ? "Fetched; every checksum is right.\n"
             : Format("Fetched; of {} files only the size could be checked.\n", unchecked);
}

int RunPull(const Invocation& invocation) {
  const Options& options = invocation.options;
  const std::string& model =
      invocation.arguments.empty() ? options.model : invocation.arguments.front();
  const HubOptions hub = HubFromEnvironment();
  if (!hub.download) {
    throw ModelError(ErrorCode::kUnavailable,
                     "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, so nothing is fetched");
  }
  const bool page = !options.quiet && !options.json;
  try {
    const PullPlan plan = PlanPull(model, hub);
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
  } catch (const Error& error) {
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
          "all of one commit. What is here is not fetched again, and an interrupted fetch goes on "
          "where it ended.\n"
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
