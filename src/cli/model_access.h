// From the model's name on the command line to the opened model, and the options of its calls.
#pragma once

#include <string>

#include "cli/command.h"
#include "documents/text_source.h"
#include "embedding/embedder.h"
#include "tokenizers/tokenizer.h"

namespace merle {

// The folder of --model. Throws ModelError, which says what to do, if there is none.
std::string FindModelFolder(const Invocation& invocation);

// Opens the model with --threads and --compute. Throws ModelError if it can't be used, UsageError
// for a --compute that Merle lacks.
Embedder OpenEmbedder(const Invocation& invocation);

// Opens the tokenizer alone: the folder needs no weights. Throws ModelError.
Tokenizer OpenTokenizer(const Invocation& invocation);

// What --prompt, --prompt-name, --dim, --normalize, --on-long and --batch-tokens ask for.
// Throws UsageError if the model's vectors are shorter than --dim or it has no such prompt.
EmbedOptions EmbedOptionsOf(const Options& options, const Embedder& embedder);

// Says on standard error how many texts were cut, and under -v what was done and how fast.
void ReportEmbedding(const Invocation& invocation, const Embedder& embedder,
                     const EmbedStats& stats, double seconds);

// Says how many input rows were left out. Returns kExitBadRows if any were, else kExitOk.
int ReportSkipped(const Invocation& invocation, const SkippedTexts& skipped);

}  // namespace merle
