#include "cli/model_access.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

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
#include "embedding/embedder.h"
#include "embedding/model_folder.h"
#include "embedding/statistics.h"
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

}  // namespace

std::string FindModelFolder(const Invocation& invocation) {
  const std::string& model = invocation.options.model;
  if (FolderExists(model)) return model;  // Whatever the variables of the hub say.
  const HubOptions hub = HubFromEnvironment();
  FetchReport report(invocation);
  return OpenOrModelError([&] { return ResolveModel(model, hub, report.observer()); });
}

Embedder OpenEmbedder(const Invocation& invocation) {
  const Options& options = invocation.options;
  const std::string folder = FindModelFolder(invocation);
  const std::size_t threads = options.threads.value_or(0);
  KeepToOneCpuPerCore(std::max<std::size_t>(threads, 1));  // This thread computes too.
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

Tokenizer OpenTokenizer(const Invocation& invocation) {
  const std::string folder = FindModelFolder(invocation);
  return OpenOrModelError([&] {
    const ModelFolder model = ReadModelFolder(folder);
    return Tokenizer::Load(
        model.modules.front().folder,
        {.lowercase_first = model.lowercase_first, .cache_folder = CacheFolderFromEnvironment()});
  });
}

EmbedOptions EmbedOptionsOf(const Options& options, const Embedder& embedder) {
  if (options.dim) {
    const std::size_t dim = embedder.dim({.truncate_dim = *options.dim});
    if (dim < *options.dim) {
      throw UsageError(Format("--dim can't be {}: the vectors of this model have {} components",
                              *options.dim, dim));
    }
  }
  EmbedOptions embed;
  embed.prompt = {.text = options.prompt, .name = options.prompt_name};
  try {
    embedder.prompts().Choose(embed.prompt);
  } catch (const Error& error) {
    throw UsageError(Format("{}: {}", options.prompt ? "--prompt" : "--prompt-name", error.what()));
  }
  embed.truncate_dim = options.dim.value_or(0);
  embed.normalize = options.normalize;
  embed.on_long = options.on_long == "error" ? OnLong::kError : OnLong::kCut;
  embed.batch_tokens = options.batch_tokens;
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
  const double seconds = watch_.Seconds();
  if (stats_.cut_texts > 0) {
    invocation_.Say(Format("{} cut to {} tokens, the model's limit (--on-long error stops instead)",
                           HowManyWere(stats_.cut_texts, stats_.texts), embedder_.max_tokens()));
  }
  const auto per_second = [&](std::size_t count) {
    return WithCommas(
        static_cast<std::size_t>(static_cast<double>(count) / std::max(seconds, 1e-9)));
  };
  const std::size_t threads = embedder_.pool().size();
  invocation_.SayIfVerbose(Format(
      "{} text{}, {} tokens in {}: {} texts/s, {} tokens/s; {}, {}, {} thread{}",
      WithCommas(stats_.texts), stats_.texts == 1 ? "" : "s", WithCommas(stats_.tokens),
      HumanSeconds(seconds), per_second(stats_.texts), per_second(stats_.tokens),
      ComputeName(embedder_.model().compute()), ActiveCpuPath(), threads, threads == 1 ? "" : "s"));
  invocation_.SayIfVerbose(
      Format("{}; at most {} of memory", TimeShares(stats_, seconds), HumanBytes(PeakMemory())));
}

Matrix<float> EmbedRecords(const Invocation& invocation, const Embedder& embedder,
                           std::span<const Record> records, EmbedOptions options) {
  EmbeddingReport report(invocation, embedder);
  Matrix<float> vectors;
  {
    Progress progress(invocation, "embedding", records.size());
    options.on_progress = [&](std::size_t done) { progress.Update(done); };
    options.name_text = [&](std::size_t i) { return PlaceOf(records[i], i + 1); };
    vectors = UseModel([&] { return embedder.Embed(TextsOf(records), options, report.stats()); });
  }
  report.Say();
  return vectors;
}

}  // namespace merle
