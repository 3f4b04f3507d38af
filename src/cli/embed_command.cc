// merle embed: texts in, vectors out, in bounded memory.

#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/interrupt.h"
#include "cli/model_access.h"
#include "cli/progress.h"
#include "cli/vector_output.h"
#include "documents/record.h"
#include "embedding/embedder.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// Texts in memory at once: batches for all threads, and results soon enough for who reads them.
constexpr std::size_t kBlockTexts = 4096;

// `part` of the way from one share to the next; nothing where the next isn't known.
std::optional<double> Between(std::optional<double> from, std::optional<double> to, double part) {
  if (!to) return std::nullopt;
  return from.value_or(0) + part * (*to - from.value_or(0));
}

int Run(const Invocation& invocation) {
  ChooseVectorForm(invocation);  // Wrong flags are told before the model is opened.
  InputTexts inputs(invocation, invocation.arguments);
  const Embedder embedder = OpenEmbedder(invocation);
  EmbedOptions embed = EmbedOptionsOf(invocation.options, embedder);
  const HoldInterrupts hold;
  const auto output = VectorOutput::Open(invocation, embedder.dim(embed));

  EmbeddingReport report(invocation, embedder);
  {
    Progress progress(invocation, "embedding");
    std::optional<double> share_before;
    while (true) {
      const std::vector<Record> block = inputs.NextBlock(kBlockTexts);
      ThrowIfInterrupted();
      if (block.empty()) break;
      const std::optional<double> share = inputs.share();  // Of the input, when this block is done.
      const std::size_t done_before = report.stats()->texts;
      embed.on_progress = [&](std::size_t done) {
        ThrowIfInterrupted();
        const double part = static_cast<double>(done) / static_cast<double>(block.size());
        progress.Update(done_before + done, Between(share_before, share, part));
      };
      embed.name_text = [&](std::size_t i) { return PlaceOf(block[i], done_before + i + 1); };
      const Matrix<float> vectors =
          UseModel([&] { return embedder.Embed(TextsOf(block), embed, report.stats()); });
      output->Append(block, vectors.view());
      share_before = share;
    }
  }
  output->Finish();
  report.Say();
  return ReportSkipped(invocation, inputs);
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
