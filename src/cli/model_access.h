// From the model's name on the command line to the opened model, and the options of its calls.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "cli/command.h"
#include "documents/record.h"
#include "embedding/embed_options.h"
#include "embedding/embedder.h"
#include "embedding/remote_encoder.h"
#include "embedding/statistics.h"
#include "embedding/text_encoder.h"
#include "tensor/matrix.h"
#include "tokenizers/tokenizer.h"

namespace merle {

// Runs `use`, which calls an opened model: what only shows in use (weights that make no number, a
// server that refuses the key) is a ModelError too. Wrong texts are not.
template <typename Use>
auto UseModel(Use&& use) {
  try {
    return use();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInvalidArgument) throw;
    throw ModelError(error.code(), error.what());
  }
}

// The name behind "openai:", of a model that a server runs; nothing for other names.
std::optional<std::string> RemoteName(std::string_view model);

// Throws UsageError if the model is one that a server runs, of which only vectors can be had.
void RefuseRemote(std::string_view model);

// The folder of --model. Throws ModelError, which says what to do, if there is none, and as
// RefuseRemote.
std::string FindModelFolder(const Invocation& invocation);

// Opens the model with --threads and --compute. Throws ModelError if it can't be used, UsageError
// for a --compute that Merle lacks.
Embedder OpenEmbedder(const Invocation& invocation);

// A model that is open: one that computes in this process, or one behind a server.
class OpenedModel {
 public:
  explicit OpenedModel(Embedder embedder) : model_(std::move(embedder)) {}
  // threads: for what is done with the vectors; 0 means one for each physical core.
  OpenedModel(RemoteEncoder encoder, std::size_t threads)
      : model_(std::move(encoder)), own_pool_(std::make_unique<ThreadPool>(threads)) {}

  const TextEncoder& encoder() const;
  const Embedder* local() const { return std::get_if<Embedder>(&model_); }  // Null: it is remote.
  const RemoteEncoder* remote() const { return std::get_if<RemoteEncoder>(&model_); }
  ThreadPool& pool() const { return own_pool_ ? *own_pool_ : local()->pool(); }

 private:
  std::variant<Embedder, RemoteEncoder> model_;
  std::unique_ptr<ThreadPool> own_pool_;
};

// Opens --model, whether it computes here or not. Throws as OpenEmbedder.
OpenedModel OpenModel(const Invocation& invocation);

// Opens the tokenizer alone: the folder needs no weights. Throws ModelError.
Tokenizer OpenTokenizer(const Invocation& invocation);

// What --prompt, --prompt-name, --dim, --normalize, --on-long and --batch-tokens ask for.
// Throws UsageError if the model's vectors are shorter than --dim, it has no such prompt, or the
// prompt is not UTF-8.
EmbedOptions EmbedOptionsOf(const Options& options, const TextEncoder& encoder);

// "tokenizing 2.1 %, transformer 96.8 %, pooling 0.4 %, the rest 0.7 %" of `seconds`, which a
// command took in all: the rest is its input and output.
std::string TimeShares(const EmbedStats& stats, double seconds);

// Counts what a command embeds, and times it from its construction on.
class EmbeddingReport {
 public:
  EmbeddingReport(const Invocation& invocation, const OpenedModel& model)
      : invocation_(invocation), model_(model) {}

  EmbedStats* stats() { return &stats_; }  // For TextEncoder::Embed.

  // Says on standard error how many texts were cut, and under -v what was done, how fast, and where
  // the time went, or what a server has counted.
  void Say() const;

  // What a server has counted, as Say does, but also without -v; nothing for a model here.
  void SayUsage() const;

 private:
  void SayLocal(const Embedder& embedder) const;
  std::string Usage() const;

  const Invocation& invocation_;
  const OpenedModel& model_;
  EmbedStats stats_;
  Stopwatch watch_;
};

// Returns the vectors of all `records`, [records, dim], with a progress bar and a report.
Matrix<float> EmbedRecords(const Invocation& invocation, const OpenedModel& model,
                           std::span<const Record> records, EmbedOptions options);

}  // namespace merle
