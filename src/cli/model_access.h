// From the model's name on the command line to the opened model, and the options of its calls.
#pragma once

#include <span>
#include <string>

#include "base/error.h"
#include "base/stopwatch.h"
#include "cli/command.h"
#include "documents/record.h"
#include "embedding/embedder.h"
#include "embedding/statistics.h"
#include "tensor/matrix.h"
#include "tokenizers/tokenizer.h"

namespace merle {

// Runs `use`, which calls an opened model: damage that only shows in use (weights that make no
// number, say) is a ModelError too.
template <typename Use>
auto UseModel(Use&& use) {
  try {
    return use();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kDataLoss) throw;
    throw ModelError(error.code(), error.what());
  }
}

// The folder of --model. Throws ModelError, which says what to do, if there is none.
std::string FindModelFolder(const Invocation& invocation);

// Opens the model with --threads and --compute. Throws ModelError if it can't be used, UsageError
// for a --compute that Merle lacks.
Embedder OpenEmbedder(const Invocation& invocation);

// Opens the tokenizer alone: the folder needs no weights. Throws ModelError.
Tokenizer OpenTokenizer(const Invocation& invocation);

// What --prompt, --prompt-name, --dim, --normalize, --on-long and --batch-tokens ask for.
// Throws UsageError if the model's vectors are shorter than --dim, it has no such prompt, or the
// prompt is not UTF-8.
EmbedOptions EmbedOptionsOf(const Options& options, const Embedder& embedder);

// "tokenizing 2.1 %, transformer 96.8 %, pooling 0.4 %, the rest 0.7 %" of `seconds`, which a
// command took in all: the rest is its input and output.
std::string TimeShares(const EmbedStats& stats, double seconds);

// Counts what a command embeds, and times it from its construction on.
class EmbeddingReport {
 public:
  EmbeddingReport(const Invocation& invocation, const Embedder& embedder)
      : invocation_(invocation), embedder_(embedder) {}

  EmbedStats* stats() { return &stats_; }  // For Embedder::Embed.

  // Says on standard error how many texts were cut, and under -v what was done, how fast, and where
  // the time went.
  void Say() const;

 private:
  const Invocation& invocation_;
  const Embedder& embedder_;
  EmbedStats stats_;
  Stopwatch watch_;
};

// Returns the vectors of all `records`, [records, dim], with a progress bar and a report.
Matrix<float> EmbedRecords(const Invocation& invocation, const Embedder& embedder,
                           std::span<const Record> records, EmbedOptions options);

}  // namespace merle
