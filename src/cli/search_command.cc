// merle search: the texts nearest to a question in meaning, over files, folders or standard input.

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apply/similarity.h"
#include "base/error.h"
#include "base/format.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "cli/best_records.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/embed_stream.h"
#include "cli/inputs.h"
#include "cli/model_access.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "documents/record.h"
#include "documents/text_source.h"
#include "embedding/embed_options.h"
#include "embedding/prompts.h"
#include "index/flat.h"
#include "kernels/normalize.h"
#include "tensor/matrix.h"
#include "tensor/vector_file.h"

namespace merle {
namespace {

constexpr std::size_t kTextLines = 3;  // Of a result, for people.
constexpr std::size_t kWidestText = 100;
constexpr std::size_t kMargin = 4;  // Before the lines of a result.

// Who embeds more texts than this waits, and should hear that the vectors can be kept.
constexpr std::size_t kManyTexts = 20'000;

// Cosine of a vector of --vectors to that of the same text, at least, and what arithmetic does to
// its distance from others.
constexpr double kLeastCosine = 0.9;
constexpr double kRounding = 1e-3;

std::string Title(const Record& record) {
  return record.extra.empty() ? std::string() : OneLine(record.extra.front());
}

// Titles are shown where there are any, unless they are the texts; --title-field must be there.
TextSourceOptions SourceOptions(const Options& options) {
  TextSourceOptions source;
  source.skip_blank = !options.vectors;  // A vector for each line, as embed writes them.
  const std::string title = options.title_field.value_or("title");
  source.extra_must_exist = options.title_field.has_value();
  if (options.title_field || options.field != title) source.extra_fields = {title};
  return source;
}

// The vectors of --vectors, scaled to length 1, if they can be compared with a question's.
Matrix<float> ReadVectors(const std::string& path, std::size_t dim) {
  Matrix<float> vectors = ReadVectorFile(path);
  if (vectors.cols() != dim) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("{}: its vectors have {} components, the question's has {}; use the model "
                       "and --dim that made them",
                       path, vectors.cols(), dim));
  }
  L2NormalizeRows(vectors.view());
  return vectors;
}

// A search in progress: a question, and the best of the texts that have been seen.
struct Search {
  const Invocation& invocation;
  InputTexts& inputs;
  const OpenedModel& model;
  MatrixView<const float> query;  // [1, dim], of length 1.
  BestRecords best;

  void See(std::vector<Record> records, MatrixView<const float> vectors) {
    const auto found = FlatIndex(vectors).Search(query, invocation.options.top, model.pool());
    best.Add(found.front(), std::move(records));
  }
  void CheckVector(const std::string& path, std::span<const float> vector, const Record& record,
                   EmbedOptions embed) const;
  std::size_t AmongVectors(const std::string& path, const EmbedOptions& embed);
  std::size_t AmongTexts(const EmbedOptions& embed);
};

// Says so where `vector`, of length 1, is not what `embed` makes of `record`: the model is another,
// or the text, or the prompt. Vectors in other arithmetic differ too, but by less.
void Search::CheckVector(const std::string& path, std::span<const float> vector,
                         const Record& record, EmbedOptions embed) const {
  embed.on_long = OnLong::kCut;
  embed.name_text = [&](std::size_t) { return PlaceOf(record, 1); };
  const auto cosine = [&](const PromptChoice& prompt) {
    embed.prompt = prompt;
    return Cosine(vector, model.encoder().Embed(record.text, embed).Row(0));
  };
  const double as_here = cosine(embed.prompt);
  const double otherwise =  // By default, without a prompt, as the question: a server has none.
      model.remote() != nullptr ? as_here
                                : std::max({cosine({}), cosine({.text = "", .name = {}}),
                                            cosine({.text = {}, .name = "query"})});
  if (as_here >= kLeastCosine && as_here + kRounding >= otherwise) return;
  invocation.Say(
      Format("{}: its vector of {} is not the one that search makes (cosine {:.3f}); embed the "
             "same input with this model and --prompt-name document",
             OneLine(path), OneLine(PlaceOf(record, 1)), as_here));
}

// Takes the vectors of the texts from the file `path`. Returns how many texts there are.
std::size_t Search::AmongVectors(const std::string& path, const EmbedOptions& embed) {
  const Matrix<float> vectors = ReadVectors(path, query.cols());
  Progress progress(invocation, "reading");
  std::size_t count = 0;
  while (true) {
    std::vector<Record> block = inputs.NextBlock(kBlockTexts);
    if (block.empty()) break;
    if (count == 0 && vectors.rows() > 0) {
      UseModel([&] { CheckVector(path, vectors.view().Row(0), block.front(), embed); });
    }
    const std::size_t first = std::exchange(count, count + block.size());
    progress.Update(count, inputs.share());
    // Texts without a vector are counted for the message.
    if (count <= vectors.rows()) See(std::move(block), vectors.view().Rows(first, count - first));
  }
  if (count > 0 && count != vectors.rows()) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("{}: has {} vectors for {} texts; embed the same input again", path,
                       vectors.rows(), count));
  }
  return count;
}

// Embeds the texts. Returns how many there are.
std::size_t Search::AmongTexts(const EmbedOptions& embed) {
  EmbeddingReport report(invocation, model);
  bool told = false;
  const std::size_t count = EmbedStream(
      invocation, model.encoder(), inputs, embed, report,
      {.on_read =
           [&](std::size_t texts) {
             if (texts <= kManyTexts || std::exchange(told, true)) return;
             invocation.Say(
                 Format("embedding more than {} texts takes some minutes; merle embed "
                        "--prompt-name document … -o FILE keeps the vectors, and search --vectors "
                        "FILE takes them",
                        WithCommas(kManyTexts)));
           },
       .use = [&](std::vector<Record> records,
                  auto vectors) { See(std::move(records), vectors); }});
  report.Say();
  return count;
}

std::string JsonLine(std::size_t rank, const BestRecords::Hit& found) {
  const Record& record = found.record;
  JsonWriter json;
  json.BeginObject().Key("rank").Value(rank).Key("score").Value(found.score);
  if (!record.id.empty()) json.Key("id").Value(record.id);
  const std::string title = Title(record);
  if (!title.empty()) json.Key("title").Value(title);
  json.Key("text").Value(record.text).Key("file").Value(ReplaceInvalidUtf8(record.path));
  if (record.line > 0) json.Key("line").Value(record.line).Key("last_line").Value(record.last_line);
  json.EndObject();
  return json.text() + "\n";
}

//  1  0.734  Sea                                          notes/wiki.jsonl:3
//     The sea, the world ocean, or simply the ocean is …
std::string ForPeople(std::size_t rank, const BestRecords::Hit& found, const Terminal& screen) {
  const Record& record = found.record;
  const std::size_t width = std::min(screen.width(), kWidestText);
  const std::string score = Format("{:.3f}", found.score);
  std::string place = OneLine(PlaceOf(record, rank));
  if (!record.id.empty() && Title(record).empty()) place = OneLine(record.id) + "  " + place;
  const std::string name = Title(record);
  std::string line = screen.Bold(PadLeft(std::to_string(rank), 2)) + "  " + screen.Good(score);
  if (name.empty()) {
    line += "  " + screen.Dim(place);
  } else {
    const std::size_t room = width - std::min(width, 4 + score.size() + 2);
    const std::size_t place_width = DisplayWidth(place);
    const std::size_t name_width = room > place_width + 14 ? room - place_width - 2 : room;
    line +=
        "  " +
        screen.Bold(PadRight(Ellipsize(name, name_width), name_width == room ? 0 : name_width)) +
        "  " + screen.Dim(place);
  }
  return line + "\n" + Wrap(OneLine(record.text), width, kMargin, kTextLines);
}

void WriteResults(const Invocation& invocation, const std::vector<BestRecords::Hit>& hits) {
  const Options& options = invocation.options;
  const double least = options.min_score.value_or(-std::numeric_limits<double>::infinity());
  std::size_t rank = 0;
  for (const BestRecords::Hit& hit : hits) {
    if (hit.score < least) break;
    ++rank;
    if (options.json) {
      invocation.out.Write(JsonLine(rank, hit));
    } else if (options.quiet) {
      const Record& record = hit.record;
      invocation.out.Write((record.id.empty() ? PlaceOf(record, rank) : record.id) + "\n");
    } else {
      if (rank > 1) invocation.out.Write("\n");
      invocation.out.Write(ForPeople(rank, hit, invocation.screen));
    }
  }
  if (rank == 0) {
    invocation.Say(
        Format("no text scores {} or more; the best has {:.3f}", least, hits.front().score));
  }
}

int Run(const Invocation& invocation) {
  const Options& options = invocation.options;
  InputTexts inputs(invocation, {}, SourceOptions(options));
  const OpenedModel model = OpenModel(invocation);
  if (model.local() != nullptr) inputs.FitPassages(*model.local());
  EmbedOptions embed = EmbedOptionsOf(options, model.encoder());
  embed.normalize = true;  // So that the dot product of two vectors is their cosine.
  embed.prompt = {.text = {}, .name = "query"};
  embed.name_text = [](std::size_t) { return std::string("the question"); };
  const Matrix<float> query =
      UseModel([&] { return model.encoder().Embed(invocation.arguments.front(), embed); });
  embed.prompt.name = "document";

  Search search{.invocation = invocation,
                .inputs = inputs,
                .model = model,
                .query = query.view(),
                .best = BestRecords(options.top)};
  const std::size_t count =
      options.vectors ? search.AmongVectors(*options.vectors, embed) : search.AmongTexts(embed);
  if (count == 0) {
    throw Error(ErrorCode::kInvalidArgument, "there is no text to search: the input is empty");
  }
  WriteResults(invocation, search.best.hits());
  return ReportSkipped(invocation, inputs);
}

}  // namespace

CommandDetails SearchDetails() {
  return {
      .arguments = "QUERY",
      .least_arguments = 1,
      .most_arguments = 1,
      .options = {"model", "input", "input-form", "field", "id-field", "title-field", "skip-bad",
                  "json", "vectors", "top", "min-score", "dim", "on-long", "compute", "threads",
                  "batch-tokens"},
      .description =
          "Compares the meaning of the question with that of every text: no word need be the same. "
          "The texts are in files or folders (-i) or come from standard input. A line is a text, "
          "and "
          "so is a record of JSONL or CSV; files in folders are split into passages of some "
          "paragraphs, and with --input-form passages single files are too.\n"
          "The score is the cosine, from -1 to 1. --json writes {\"rank\":1,\"score\":…,\"id\":…,"
          "\"title\":…,\"text\":…,\"file\":…,\"line\":…,\"last_line\":…}; -q only ids or places.\n"
          "If the model has prompts named query and document, they are used, so embed "
          "--prompt-name document makes vectors for --vectors, with any model.",
      .examples = {{"merle search 'why is the sea salty?' -i notes/", "all text files of a folder"},
                   {"merle search 'late delivery' -i reviews.csv --field body -k 20",
                    "records of a file"},
                   {"git log --oneline | merle search 'speed up the parser'", "lines of a stream"}},
      .run = Run,
  };
}

}  // namespace merle
