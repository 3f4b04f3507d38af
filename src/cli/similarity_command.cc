// merle similarity: the cosine of two texts, or of all pairs of several.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "apply/similarity.h"
#include "base/format.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/model_access.h"
#include "cli/standard_output.h"
#include "cli/terminal.h"
#include "documents/record.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// All pairs of more texts than this are better left to `embed` and `search`.
constexpr std::size_t kMostTexts = 2000;
constexpr std::size_t kScoreColumns = 6;  // "-0.123"
constexpr std::size_t kBarColumns = 24;

std::string Score(double cosine) { return Format("{:.3f}", cosine); }

void WriteJson(const std::vector<Record>& records, MatrixView<const double> cosines,
               StandardOutput& out) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    for (std::size_t j = i + 1; j < records.size(); ++j) {
      JsonWriter json;
      json.BeginObject().Key("first").Value(i).Key("second").Value(j);
      json.Key("texts").BeginArray().Value(records[i].text).Value(records[j].text).EndArray();
      json.Key("score").Value(cosines.At(i, j)).EndObject();
      out.Write(json.text() + "\n");
    }
  }
}

// The first text, and below it the others, nearest first.
std::string Ranking(const std::vector<std::string>& texts, MatrixView<const double> cosines,
                    const Terminal& screen) {
  std::vector<std::size_t> order(texts.size() - 1);
  std::iota(order.begin(), order.end(), std::size_t{1});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return cosines.At(0, i); });
  const std::size_t fixed = 2 + 2 + kScoreColumns + 2 + kBarColumns;
  const std::size_t room =
      std::max<std::size_t>(screen.width() - std::min(screen.width(), fixed), 12);
  std::size_t width = 0;
  for (const std::size_t i : order) width = std::max(width, DisplayWidth(texts[i]));
  width = std::min(width, room);
  std::string text = screen.Bold(Ellipsize(texts[0], screen.width())) + "\n";
  for (const std::size_t i : order) {
    const double cosine = cosines.At(0, i);
    text += Format("  {}  {}  {}\n", PadRight(Ellipsize(texts[i], width), width),
                   PadLeft(Score(cosine), kScoreColumns), screen.Accent(Bar(cosine, kBarColumns)));
  }
  return text;
}

// Rows and columns of scores, at most `width` columns wide; empty where they don't fit.
// `names` stand over the columns.
std::string Table(const std::vector<std::string>& row_names, const std::vector<std::string>& names,
                  MatrixView<const double> cosines, std::size_t row_width, const Terminal& screen) {
  std::size_t line_width = row_width;
  std::string header(row_width, ' ');
  for (const std::string& name : names) {
    const std::size_t width = std::max(DisplayWidth(name), kScoreColumns);
    line_width += 2 + width;
    header += "  " + PadLeft(name, width);
  }
  if (line_width > screen.width()) return {};
  std::string text = screen.Bold(header) + "\n";
  for (std::size_t i = 0; i < row_names.size(); ++i) {
    text += screen.Bold(PadRight(Ellipsize(row_names[i], row_width), row_width));
    for (std::size_t j = 0; j < names.size(); ++j) {
      const std::string score =
          PadLeft(Score(cosines.At(i, j)), std::max(DisplayWidth(names[j]), kScoreColumns));
      text += "  " + (i == j ? screen.Dim(score) : score);
    }
    text += "\n";
  }
  return text;
}

// Every text with every other: under their names, or under numbers where the names are too long.
std::string AllPairs(const std::vector<std::string>& texts, MatrixView<const double> cosines,
                     const Terminal& screen) {
  std::size_t widest = 0;
  for (const std::string& text : texts) widest = std::max(widest, DisplayWidth(text));
  std::string table = Table(texts, texts, cosines, widest, screen);
  if (!table.empty()) return table;

  std::vector<std::string> numbers, numbered;
  const std::size_t digits = std::to_string(texts.size()).size();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    numbers.push_back(std::to_string(i + 1));
    numbered.push_back(PadLeft(numbers[i], digits) + " " + texts[i]);
  }
  const std::size_t scores = texts.size() * (2 + kScoreColumns);
  const std::size_t room = screen.width() > scores ? screen.width() - scores : 0;
  if (room < 12) return {};
  return Table(numbered, numbers, cosines, std::min(room, widest + digits + 1), screen);
}

// The number of two texts; of more a line for each, its scores with all between blanks.
void WriteNumbers(MatrixView<const double> cosines, StandardOutput& out) {
  if (cosines.rows() == 2) return out.Write(Format("{:.4f}\n", cosines.At(0, 1)));
  for (std::size_t i = 0; i < cosines.rows(); ++i) {
    std::string line;
    for (std::size_t j = 0; j < cosines.cols(); ++j) {
      AppendFormat(line, "{}{:.4f}", j == 0 ? "" : " ", cosines.At(i, j));
    }
    out.Write(line + "\n");
  }
}

void WriteForPeople(const Invocation& invocation, const std::vector<Record>& records,
                    MatrixView<const double> cosines) {
  std::vector<std::string> texts;
  for (const Record& record : records) {
    texts.push_back(OneLine(record.text));
    if (texts.back().empty()) texts.back() = "(empty)";
  }
  invocation.out.Write(Ranking(texts, cosines, invocation.screen));
  const std::string all = AllPairs(texts, cosines, invocation.screen);
  if (!all.empty()) {
    invocation.out.Write("\n" + all);
  } else {
    invocation.Say(Format("the table of all {0} × {0} pairs is too wide to show; --json gives it",
                          records.size()));
  }
}

int Run(const Invocation& invocation) {
  InputTexts inputs(invocation, invocation.arguments);
  const std::vector<Record> records = inputs.NextBlock(kMostTexts + 1);
  if (records.size() < 2) throw UsageError("at least two texts are wanted");
  if (records.size() > kMostTexts || inputs.Next()) {
    throw UsageError(Format("more than {} texts are too many for all pairs; see merle search",
                            WithCommas(kMostTexts)));
  }
  const OpenedModel model = OpenModel(invocation);
  const Matrix<float> vectors =
      EmbedRecords(invocation, model, records, EmbedOptionsOf(invocation.options, model.encoder()));
  const Matrix<double> cosines = CosineMatrix(vectors.view(), vectors.view());
  if (invocation.options.json) {
    WriteJson(records, cosines.view(), invocation.out);
  } else if (invocation.options.quiet || records.size() == 2) {
    WriteNumbers(cosines.view(), invocation.out);
  } else {
    WriteForPeople(invocation, records, cosines.view());
  }
  return ReportSkipped(invocation, inputs);
}

}  // namespace

CommandDetails SimilarityDetails() {
  return {
      .arguments = "[TEXT TEXT…]",
      .least_arguments = 0,
      .most_arguments = std::numeric_limits<std::size_t>::max(),
      .options = {"model", "input", "input-form", "field", "id-field", "skip-bad", "json", "prompt",
                  "prompt-name", "dim", "on-long", "compute", "threads", "batch-tokens"},
      .description =
          "The score is the cosine of the two vectors, from -1 to 1: near 1 means the same, near 0 "
          "means nothing in common.\n"
          "Two texts give one number. More give a ranking of the others by their nearness to the "
          "first, and a table of all pairs. --json writes a line for each pair: "
          "{\"first\":0,\"second\":1,\"texts\":[…],\"score\":…}; -q the numbers of the "
          "table alone.",
      .examples = {{"merle similarity cat dog", "one number"},
                   {"merle similarity cat dog hamburger", "a ranking, and all pairs"},
                   {"merle similarity -i sentences.txt --json", "a line for each pair of lines"}},
      .run = Run,
  };
}

}  // namespace merle
