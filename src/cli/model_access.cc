#include "cli/model_access.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/cores.h"
#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/thread_pool.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/fetch_report.h"
#include "cli/inputs.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "documents/record.h"
#include "embedding/embed_options.h"
#include "embedding/embedder.h"
#include "embedding/model_folder.h"
#include "embedding/remote_encoder.h"
#include "embedding/statistics.h"
#include "embedding/text_encoder.h"
#include "hub/hub.h"
#include "hub/hub_options.h"
#include "kernels/cpu.h"
#include "models/compute.h"
#include "models/encoder_model.h"
#include "tensor/matrix.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

// Runs `open` and turns what it throws into ModelError.
template <typename Open>
auto OpenOrModelError(Open&& open) {
  try {
    return open();
  } catch (const Error& error) {
    throw ModelError(error.code(), error.what());
  }
}

// "the text was", "1 of 20 texts was", "3 of 20 texts were"
std::string HowManyWere(std::size_t some, std::size_t all) {
  if (all == 1) return "the text was";
  return Format("{} of {} texts {}", WithCommas(some), WithCommas(all), some == 1 ? "was" : "were");
}

// The most memory in RAM that this process ever had, in bytes.
std::size_t PeakMemory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

std::string PerSecond(std::size_t count, double seconds) {
  return WithCommas(static_cast<std::size_t>(static_cast<double>(count) / std::max(seconds, 1e-9)));
}

std::string Texts(std::size_t count) {
  return Format("{} text{}", WithCommas(count), count == 1 ? "" : "s");
}

}  // namespace

std::optional<std::string> RemoteName(std::string_view model) {
  constexpr std::string_view kPrefix = "openai:";
  if (!model.starts_with(kPrefix)) return std::nullopt;
  return std::string(model.substr(kPrefix.size()));
}

void RefuseRemote(std::string_view model) {
  if (!RemoteName(model)) return;
  throw UsageError(
      Format("{} is behind a server, which gives only vectors (embed, similarity, search, eval "
             "sts); name a model on this machine",
             OneLine(model)));
}

std::string FindModelFolder(const Invocation& invocation) {
  const std::string& model = invocation.options.model;
  RefuseRemote(model);
  if (FolderExists(model)) return model;  // Whatever the variables of the hub say.
  const HubOptions hub = HubFromEnvironment();
  FetchReport report(invocation);
  return OpenOrModelError([&] { return ResolveModel(model, hub, report.observer()); });
}

Embedder OpenEmbedder(const Invocation& invocation) {
  const Options& options = invocation.options;
  const std::string folder = FindModelFolder(invocation);
  const std::size_t threads = options.threads.value_or(0);
  KeepToCpus(CpusForThreads(std::max<std::size_t>(threads, 1)));  // This thread computes too.
  Embedder embedder = OpenOrModelError([&] {
    return Embedder::Load(folder, {.threads = threads,
                                   .compute = *ParseCompute(options.compute),
                                   .cache_folder = CacheFolderFromEnvironment()});
  });
  const LoadStats& load = embedder.load_stats();
  invocation.SayIfVerbose(Format("opened {} in {}: weights {}, tokenizer {}", OneLine(folder),
                                 HumanSeconds(load.seconds), HumanSeconds(load.weights_seconds),
                                 HumanSeconds(load.tokenizer_seconds)));
  return embedder;
}

const TextEncoder& OpenedModel::encoder() const {
  return std::visit([](const auto& model) -> const TextEncoder& { return model; }, model_);
}

OpenedModel OpenModel(const Invocation& invocation) {
  const auto name = RemoteName(invocation.options.model);
  if (!name) return OpenedModel(OpenEmbedder(invocation));
  try {
    return {RemoteEncoder(RemoteFromEnvironment(*name)), invocation.options.threads.value_or(0)};
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

Tokenizer OpenTokenizer(const Invocation& invocation) {
  const std::string folder = FindModelFolder(invocation);
  return OpenOrModelError([&] {
    const ModelFolder model = ReadModelFolder(folder);
    return Tokenizer::Load(
        model.modules.front().folder,
        {.lowercase_first = model.lowercase_first, .cache_folder = CacheFolderFromEnvironment()});
  });
}

EmbedOptions EmbedOptionsOf(const Options& options, const TextEncoder& encoder) {
  if (options.dim) {
    const std::size_t dim = encoder.dim({.truncate_dim = *options.dim});
    if (dim < *options.dim) {
      throw UsageError(Format("--dim can't be {}: the vectors of this model have {} components",
                              *options.dim, dim));
    }
  }
  EmbedOptions embed;
  embed.prompt = {.text = options.prompt, .name = options.prompt_name};
  try {
    encoder.prompts().Choose(embed.prompt);
  } catch (const Error& error) {
    throw UsageError(Format("{}: {}", options.prompt ? "--prompt" : "--prompt-name", error.what()));
  }
  embed.truncate_dim = options.dim.value_or(0);
  embed.normalize = options.normalize;
  embed.on_long = options.on_long == "error" ? OnLong::kError : OnLong::kCut;
  embed.batch_tokens = options.batch_tokens.value_or(0);
  return embed;
}

std::string TimeShares(const EmbedStats& stats, double seconds) {
  const auto percent = [&](double part) { return 100 * part / std::max(seconds, 1e-9); };
  const double rest = seconds - stats.tokenize_seconds - stats.forward_seconds - stats.pool_seconds;
  return Format("tokenizing {:.1f} %, transformer {:.1f} %, pooling {:.1f} %, the rest {:.1f} %",
                percent(stats.tokenize_seconds), percent(stats.forward_seconds),
                percent(stats.pool_seconds), percent(std::max(rest, 0.0)));
}

void EmbeddingReport::Say() const {
  if (model_.remote() != nullptr) return invocation_.SayIfVerbose(Usage());
  SayLocal(*model_.local());
}

void EmbeddingReport::SayUsage() const {
  if (model_.remote() != nullptr && !invocation_.options.verbose) invocation_.Say(Usage());
}

void EmbeddingReport::SayLocal(const Embedder& embedder) const {
  const double seconds = watch_.Seconds();
  if (stats_.cut_texts > 0) {
    invocation_.Say(Format("{} cut to {} tokens, the model's limit (--on-long error stops instead)",
                           HowManyWere(stats_.cut_texts, stats_.texts), embedder.max_tokens()));
  }
  const std::size_t threads = embedder.pool().size();
  invocation_.SayIfVerbose(Format(
      "{}, {} tokens in {}: {} texts/s, {} tokens/s; {}, {}, {} thread{}", Texts(stats_.texts),
      WithCommas(stats_.tokens), HumanSeconds(seconds), PerSecond(stats_.texts, seconds),
      PerSecond(stats_.tokens, seconds), ComputeName(embedder.model().compute()), ActiveCpuPath(),
      threads, threads == 1 ? "" : "s"));
  invocation_.SayIfVerbose(
      Format("{}; at most {} of memory", TimeShares(stats_, seconds), HumanBytes(PeakMemory())));
}

std::string EmbeddingReport::Usage() const {
  const double seconds = watch_.Seconds();
  const RemoteUsage usage = model_.remote()->usage();
  return Format("{} in {}: {} texts/s; {} used {} tokens in {} request{}, {} of them repeated",
                Texts(stats_.texts), HumanSeconds(seconds), PerSecond(stats_.texts, seconds),
                OneLine(invocation_.options.model), WithCommas(usage.tokens),
                WithCommas(usage.requests), usage.requests == 1 ? "" : "s",
                WithCommas(usage.repeated));
}

Matrix<float> EmbedRecords(const Invocation& invocation, const OpenedModel& model,
                           std::span<const Record> records, EmbedOptions options) {
  EmbeddingReport report(invocation, model);
  Matrix<float> vectors;
  {
    Progress progress(invocation, "embedding", records.size());
    options.on_progress = [&](std::size_t done) { progress.Update(done); };
    options.name_text = [&](std::size_t i) { return PlaceOf(records[i], i + 1); };
    vectors =
        UseModel([&] { return model.encoder().Embed(TextsOf(records), options, report.stats()); });
  }
  report.Say();
  return vectors;
}

}  // namespace merle
