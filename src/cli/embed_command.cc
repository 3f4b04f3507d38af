// merle embed: texts in, vectors out, in bounded memory.

#include <chrono>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/interrupt.h"
#include "cli/model_access.h"
#include "cli/progress.h"
#include "cli/vector_output.h"

namespace merle {
namespace {

// Texts in memory at once. Enough that those of like length find each other for the batches.
constexpr std::size_t kBlockTexts = 4096;

int Run(const Invocation& invocation) {
  const Options& options = invocation.options;
  ChooseVectorForm(invocation);  // Wrong flags are told before the model is opened.
  InputTexts inputs(invocation, invocation.arguments);
  const Embedder embedder = OpenEmbedder(invocation);
  EmbedOptions embed = EmbedOptionsOf(options, embedder);
  const HoldInterrupts hold;
  const auto output = VectorOutput::Open(invocation, options.dim.value_or(embedder.dim()));

  EmbedStats stats;
  const auto start = std::chrono::steady_clock::now();
  {
    Progress progress(invocation, "embedding");
    std::size_t done_before = 0;
    embed.on_progress = [&](std::size_t done) {
      ThrowIfInterrupted();
      progress.Update(done_before + done);
    };
    while (true) {
      const std::vector<Record> block = inputs.NextBlock(kBlockTexts);
      ThrowIfInterrupted();
      if (block.empty()) break;
      std::vector<std::string_view> texts;
      for (const Record& record : block) texts.emplace_back(record.text);
      const Matrix<float> vectors = embedder.Embed(texts, embed, &stats);
      output->Append(block, vectors.view());
      done_before += block.size();
      progress.Update(done_before, inputs.share());
    }
  }
  output->Finish();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  ReportEmbedding(invocation, embedder, stats, seconds.count());
  return ReportSkipped(invocation, inputs.skipped());
}

}  // namespace

CommandDetails EmbedDetails() {
  return {
      .arguments = "[TEXT…]",
      .least_arguments = 0,
      .most_arguments = std::numeric_limits<std::size_t>::max(),
      .options = {"model", "input", "input-form", "field", "id-field", "skip-bad", "output",
                  "format", "json", "prompt", "prompt-name", "dim", "normalize", "on-long",
                  "precision", "compute", "threads", "batch-tokens"},
      .description =
          "Each text becomes a vector: one line, or one row of a file, in the order of the input. "
          "The texts are the arguments, or what -i names, or standard input.\n"
          "Without -o the vectors go to standard output as numbers between blanks; --json writes "
          "{\"index\":0,\"id\":…,\"embedding\":[…]} instead.\n"
          "The vector of a text is the same to the last bit whatever stands beside it and however "
          "many threads there are.",
      .examples = {{"merle embed 'The cat sat on the mat.'", "one vector, on the screen"},
                   {"merle embed -i texts.txt -o vectors.npy", "a row for each line, for NumPy"},
                   {"cat docs.jsonl | merle embed --field body --json > vectors.jsonl",
                    "a stream of records"}},
      .run = Run,
  };
}

}  // namespace merle
