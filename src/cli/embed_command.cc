// merle embed: texts in, vectors out, in bounded memory.

#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "cli/checkpoints.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/embed_stream.h"
#include "cli/inputs.h"
#include "cli/interrupt.h"
#include "cli/model_access.h"
#include "cli/run_identity.h"
#include "cli/vector_output.h"
#include "documents/record.h"
#include "embedding/embed_options.h"

namespace merle {
namespace {

int Run(const Invocation& invocation) {
  ChooseVectorForm(invocation);  // Wrong flags are told before the model is opened.
  InputTexts inputs(invocation, invocation.arguments);
  const OpenedModel model = OpenModel(invocation);
  const EmbedOptions embed = EmbedOptionsOf(invocation.options, model.encoder());
  if (model.local() != nullptr) {
    inputs.FitPassages(*model.local(), embed.prompt.text.value_or(""));
  }
  // A server is asked, and may refuse, before anything is written.
  const std::size_t dim = UseModel([&] { return model.encoder().dim(embed); });
  const HoldInterrupts hold;
  std::optional<Checkpoints> checkpoints;  // Of a file.
  if (!ToStandardOutput(invocation.options)) {
    checkpoints.emplace(invocation, *invocation.options.output, HeaderBytes(invocation, dim),
                        [&] { return IdentityOfRun(invocation, model, embed); });
    checkpoints->SkipDone(inputs);
    if (checkpoints->finished()) return ReportSkipped(invocation, inputs);
  }
  const auto output = VectorOutput::Open(invocation, dim, checkpoints ? &*checkpoints : nullptr);
  EmbeddingReport report(invocation, model);
  const auto use = [&](const std::vector<Record>& records, auto vectors) {
    output->Append(records, vectors);
    if (checkpoints) checkpoints->Add(records);
  };
  const std::size_t texts =
      EmbedStream(invocation, model.encoder(), inputs, embed, report, {.on_read = {}, .use = use},
                  checkpoints ? checkpoints->texts() : 0);
  output->Finish(texts);
  if (checkpoints) checkpoints->Done();
  report.Say();
  report.SayUsage();
  return ReportSkipped(invocation, inputs);
}

}  // namespace

CommandDetails EmbedDetails() {
  return {
      .arguments = "[TEXT…]",
      .least_arguments = 0,
      .most_arguments = std::numeric_limits<std::size_t>::max(),
      .options = {"model",       "input",  "input-form", "field",   "id-field",
                  "skip-bad",    "output", "format",     "json",    "prompt",
                  "prompt-name", "dim",    "normalize",  "on-long", "precision",
                  "shard",       "resume", "compute",    "threads", "batch-tokens"},
      .description =
          "Each text becomes a vector: one line, or one row of a file, in the order of the input. "
          "The texts are the arguments, or what -i names, or standard input.\n"
          "Without -o the vectors go to standard output as numbers between blanks; --json writes "
          "{\"index\":0,\"id\":…,\"embedding\":[…]} instead, where index is the row of the input, "
          "with those that --skip-bad left out.\n"
          "An input may be of any size: only the texts that are being worked on are in memory.\n"
          "A file appears when it is whole. Where a run is interrupted, after ten seconds of work "
          "or with --resume, what is done stays beside it, as FILE.partial and "
          "FILE.partial.journal; "
          "the same command with --resume goes on from there, and the file becomes the same to the "
          "last bit. For that it reads the input again, standard input too, and refuses another "
          "one, another model, or flags that would make other vectors. Without --resume it starts "
          "again. Vectors of a server (-m openai:NAME) need not be the same when they are asked "
          "for "
          "again.\n"
          "--shard shares the work among processes: 2/8 takes the texts 1, 9, 17 and so on, "
          "counted "
          "from 0 without bad rows. In NumPy, whole[1::8] = second joins them; paste -d '\\n' "
          "joins files of lines.\n"
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
