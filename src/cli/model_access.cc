#include "cli/model_access.h"

#include <algorithm>
#include <cstddef>

#include "base/error.h"
#include "base/format.h"
#include "base/thread_pool.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "documents/folder_walker.h"
#include "documents/text_source.h"
#include "embedding/embedder.h"
#include "embedding/model_folder.h"
#include "hub/hub.h"
#include "kernels/cpu.h"
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

}  // namespace

std::string FindModelFolder(const Invocation& invocation) {
  return OpenOrModelError(
      [&] { return ResolveModel(invocation.options.model, HubFromEnvironment()); });
}

Embedder OpenEmbedder(const Invocation& invocation) {
  const Options& options = invocation.options;
  if (options.compute != "f32") {
    throw UsageError(
        Format("--compute {} is not there yet; this version has f32", options.compute));
  }
  const std::string folder = FindModelFolder(invocation);
  return OpenOrModelError(
      [&] { return Embedder::Load(folder, {.threads = options.threads.value_or(0)}); });
}

Tokenizer OpenTokenizer(const Invocation& invocation) {
  const std::string folder = FindModelFolder(invocation);
  return OpenOrModelError([&] {
    const ModelFolder model = ReadModelFolder(folder);
    return Tokenizer::Load(model.modules.front().folder,
                           {.lowercase_first = model.lowercase_first});
  });
}

EmbedOptions EmbedOptionsOf(const Options& options, const Embedder& embedder) {
  if (options.dim && *options.dim > embedder.dim()) {
    throw UsageError(Format("--dim can't be {}: the vectors of this model have {} components",
                            *options.dim, embedder.dim()));
  }
  EmbedOptions embed;
  embed.prompt = {.text = options.prompt, .name = options.prompt_name};
  try {
    embedder.prompts().Choose(embed.prompt);
  } catch (const Error& error) {
    throw UsageError(Format("--prompt-name: {}", error.what()));
  }
  embed.truncate_dim = options.dim.value_or(0);
  embed.normalize = options.normalize;
  embed.on_long = options.on_long == "error" ? OnLong::kError : OnLong::kCut;
  embed.batch_tokens = options.batch_tokens;
  return embed;
}

void ReportEmbedding(const Invocation& invocation, const Embedder& embedder,
                     const EmbedStats& stats, double seconds) {
  if (stats.cut_texts > 0) {
    invocation.Say(Format("{} cut to {} tokens, the model's limit (--on-long error stops instead)",
                          HowManyWere(stats.cut_texts, stats.texts), embedder.max_tokens()));
  }
  const auto per_second = [&](std::size_t count) {
    return WithCommas(
        static_cast<std::size_t>(static_cast<double>(count) / std::max(seconds, 1e-9)));
  };
  const std::size_t threads = embedder.pool().size();
  invocation.Explain(Format("{} text{}, {} tokens in {}: {} texts/s, {} tokens/s; {}, {} thread{}",
                            WithCommas(stats.texts), stats.texts == 1 ? "" : "s",
                            WithCommas(stats.tokens), HumanSeconds(seconds),
                            per_second(stats.texts), per_second(stats.tokens), ActiveCpuPath(),
                            threads, threads == 1 ? "" : "s"));
}

int ReportSkipped(const Invocation& invocation, const SkippedTexts& skipped) {
  const SkippedFiles& files = skipped.files;
  if (files.total() > 0) {
    invocation.Explain(
        Format("left out in folders: {} hidden, {} binary, {} links, {} special, "
               "{} unreadable files",
               files.hidden, files.binary, files.links, files.special, files.unreadable));
  }
  if (skipped.bad_rows == 0) return kExitOk;
  invocation.Say(Format("left out {} bad row{}, the first: {}", WithCommas(skipped.bad_rows),
                        skipped.bad_rows == 1 ? "" : "s", skipped.first_bad_row));
  return kExitBadRows;
}

}  // namespace merle
