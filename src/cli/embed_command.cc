// merle embed: texts in, vectors out, in bounded memory.

#include <cstddef>
#include <limits>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/embed_stream.h"
#include "cli/inputs.h"
#include "cli/interrupt.h"
#include "cli/model_access.h"
#include "cli/vector_output.h"
#include "documents/record.h"
#include "embedding/embedder.h"

namespace merle {
namespace {

int Run(const Invocation& invocation) {
  ChooseVectorForm(invocation);  // Wrong flags are told before the model is opened.
  InputTexts inputs(invocation, invocation.arguments);
  const Embedder embedder = OpenEmbedder(invocation);
  const EmbedOptions embed = EmbedOptionsOf(invocation.options, embedder);
  inputs.FitPassages(embedder, embed.prompt.text.value_or(""));
  const HoldInterrupts hold;
  const auto output = VectorOutput::Open(invocation, embedder.dim(embed));

  EmbeddingReport report(invocation, embedder);
  EmbedStream(invocation, embedder, inputs, embed, report,
              {.on_read = {}, .use = [&](const std::vector<Record>& records, auto vectors) {
                 output->Append(records, vectors);
               }});
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
          "{\"index\":0,\"id\":…,\"embedding\":[…]} instead, where index is the row of the input, "
          "with "
          "those that --skip-bad left out.\n"
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
