// merle eval sts: how well a model's cosines agree with what people said about sentence pairs.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "base/format.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/model_access.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "embedding/embed_options.h"
#include "evaluation/sts.h"

namespace merle {
namespace {

std::string JsonLine(const std::string& path, const StsResult& result) {
  JsonWriter json;
  json.BeginObject().Key("file").Value(ReplaceInvalidUtf8(path));
  json.Key("pairs").Value(result.pairs).Key("spearman").Value(result.spearman);
  json.Key("pearson").Value(result.pearson).EndObject();
  return json.text() + "\n";
}

// A coefficient × 100, as the field reports it; "-" where all scores are equal and there is none.
std::string Percent(double coefficient) {
  return std::isnan(coefficient) ? "-" : Format("{:.2f}", 100 * coefficient);
}

// A file's line, as the flags want it.
std::string ResultLine(const Invocation& invocation, const std::string& path,
                       const StsResult& result, std::size_t width) {
  if (invocation.options.json) return JsonLine(path, result);
  if (invocation.options.quiet) return Percent(result.spearman) + "\n";
  return Format("{}  {}  {:>7}  {:>7}\n", PadRight(OneLine(path), width),
                invocation.screen.Good(PadLeft(Percent(result.spearman), 14)),
                Percent(result.pearson), WithCommas(result.pairs));
}

int Run(const Invocation& invocation) {
  const Options& options = invocation.options;
  std::vector<std::vector<StsPair>> files;  // Read first, so that a bad one is told at once.
  std::size_t texts = 0, width = 4;
  if (std::ranges::count(invocation.arguments, "-") > 1) {
    throw UsageError("standard input (-) can be read only once");
  }
  for (const std::string& path : invocation.arguments) {
    files.push_back(ReadStsPairs(path));
    texts += 2 * files.back().size();
    width = std::max(width, DisplayWidth(OneLine(path)));
  }
  const OpenedModel model = OpenModel(invocation);
  EmbedOptions embed = EmbedOptionsOf(options, model.encoder());
  EmbeddingReport report(invocation, model);
  std::string lines;
  if (!options.json && !options.quiet) {
    lines = invocation.screen.Bold(PadRight("file", width) + "  Spearman × 100  Pearson    pairs");
    lines += "\n";
  }
  {
    Progress progress(invocation, "embedding", texts);
    for (std::size_t i = 0; i < files.size(); ++i) {
      const std::size_t done_before = report.stats()->texts;
      embed.on_progress = [&](std::size_t done) { progress.Update(done_before + done); };
      embed.name_text = [&](std::size_t pair) {
        const std::string& path = invocation.arguments[i];
        return Format("{}:{}", path == "-" ? "standard input" : path, files[i][pair].line);
      };
      const StsResult result =
          UseModel([&] { return EvaluateSts(model.encoder(), files[i], embed, report.stats()); });
      lines += ResultLine(invocation, invocation.arguments[i], result, width);
    }
  }
  invocation.out.Write(lines);
  report.Say();
  return kExitOk;
}

}  // namespace

CommandDetails EvalStsDetails() {
  return {
      .arguments = "FILE…",
      .least_arguments = 1,
      .most_arguments = std::numeric_limits<std::size_t>::max(),
      .options = {"model", "json", "prompt", "prompt-name", "dim", "on-long", "compute", "threads",
                  "batch-tokens"},
      .description =
          "Embeds both sentences of each pair and correlates their cosines with the scores that "
          "people gave: 100 would be the same order, 0 no connection. The first number is the one "
          "that papers report.\n"
          "A file is in the layout of STS-B (tab-separated: score in column 5, sentences in 6 and "
          "7), or CSV or TSV with the columns sentence1, sentence2 and score, or with just these "
          "three and no header; - is standard input.\n"
          "--json writes {\"file\":…,\"pairs\":…,\"spearman\":…,\"pearson\":…} with coefficients "
          "from -1 to 1; -q only Spearman × 100.",
      .examples = {{"merle eval sts sts-dev.csv", "the model that is used by default"},
                   {"merle eval sts sts-dev.csv -m ./my-model", "another one"},
                   {"merle eval sts *.tsv --json", "several files, for programs"}},
      .run = Run,
  };
}

}  // namespace merle
