#include "evaluation/sts.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "apply/similarity.h"
#include "base/error.h"
#include "base/format.h"
#include "documents/csv_reader.h"
#include "documents/input_file.h"
#include "documents/line_reader.h"
#include "documents/row_error.h"
#include "embedding/embed_options.h"
#include "embedding/statistics.h"
#include "embedding/text_encoder.h"
#include "evaluation/correlation.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

constexpr std::size_t kMostBytes = 1u << 30;  // 1 GiB; STS-B has 1 MB.

// Where the columns of a pair are, from 0.
struct Layout {
  CsvOptions csv;
  bool header = false;
  std::size_t sentence1 = 0;
  std::size_t sentence2 = 1;
  std::size_t score = 2;
  std::optional<std::size_t> columns = std::nullopt;  // How many there must be, if it is known.
};

constexpr Layout kStsBenchmark{.csv = {.delimiter = '\t', .quoting = false},
                               .header = false,
                               .sentence1 = 5,
                               .sentence2 = 6,
                               .score = 4,
                               .columns = std::nullopt};  // Some rows carry extra ones.

// TSV files of sentence pairs (SentEval, GLUE, STS-B) hold quotes as plain characters.
constexpr CsvOptions kTabs{.delimiter = '\t', .quoting = false};
constexpr CsvOptions kCommas{.delimiter = ',', .quoting = true};

std::optional<double> ParseScore(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
  double score = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), score);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return std::isfinite(score) ? std::optional(score) : std::nullopt;
}

// A file in memory: it is read once, as a pipe can be, and looked through for each layout.
struct StsFile {
  std::string name;  // For errors.
  std::string bytes;

  CsvReader Rows(const CsvOptions& csv) const {
    return CsvReader(LineReader(InputFile::OfBytes(bytes, name)), csv);
  }
};

StsFile ReadAll(const std::string& path) {
  InputFile input = InputFile::Open(path);
  auto bytes = input.ReadAll(kMostBytes);
  if (!bytes) {
    FailRow(ErrorCode::kResourceExhausted, input.name(), 0,
            Format("longer than {} bytes; is it a file of sentence pairs?", kMostBytes));
  }
  return {.name = input.name(), .bytes = *std::move(bytes)};
}

std::optional<Layout> NamedColumns(const CsvRow& header, const CsvOptions& csv) {
  const auto find = [&](std::initializer_list<std::string_view> names) {
    const auto found =
        std::find_first_of(header.fields.begin(), header.fields.end(), names.begin(), names.end());
    return static_cast<std::size_t>(found - header.fields.begin());
  };
  Layout layout{.csv = csv,
                .header = true,
                .sentence1 = find({"sentence1"}),
                .sentence2 = find({"sentence2"}),
                .score = find({"score", "label", "similarity_score"}),
                .columns = header.fields.size()};
  const std::size_t furthest = std::max({layout.sentence1, layout.sentence2, layout.score});
  return furthest < header.fields.size() ? std::optional(layout) : std::nullopt;
}

std::optional<Layout> ThreeColumns(const CsvRow& row, const CsvOptions& csv) {
  if (row.fields.size() != 3 || !ParseScore(row.fields[2])) return std::nullopt;
  return Layout{.csv = csv, .columns = 3};
}

Layout FindLayout(const StsFile& file) {
  const auto tabs = file.Rows(kTabs).Next();
  if (!tabs) FailRow(ErrorCode::kInvalidArgument, file.name, 0, "holds no sentence pairs");
  if (tabs->fields.size() >= 7 && ParseScore(tabs->fields[kStsBenchmark.score])) {
    return kStsBenchmark;
  }
  if (const auto layout = NamedColumns(*tabs, kTabs)) return *layout;
  if (const auto layout = ThreeColumns(*tabs, kTabs)) return *layout;
  const auto commas = file.Rows(kCommas).Next();
  if (commas) {
    if (const auto layout = NamedColumns(*commas, kCommas)) return *layout;
    if (const auto layout = ThreeColumns(*commas, kCommas)) return *layout;
  }
  FailRow(ErrorCode::kInvalidArgument, file.name, 1,
          "not a file of scored sentence pairs; wanted is STS-B's layout (tabs; score in column 5, "
          "sentences in 6 and 7), or CSV with the columns sentence1, sentence2 and score");
}

StsPair ReadPair(CsvRow& row, const Layout& layout, const std::string& path) {
  const std::size_t furthest = std::max({layout.sentence1, layout.sentence2, layout.score});
  const std::size_t found = row.fields.size();
  if (found <= furthest || (layout.columns && found != *layout.columns)) {
    FailRow(ErrorCode::kInvalidArgument, path, row.line,
            Format("{} columns, wanted are {}", found, layout.columns.value_or(furthest + 1)));
  }
  const std::string& score = row.fields[layout.score];
  for (const std::size_t column : {layout.sentence1, layout.sentence2, layout.score}) {
    CheckRowUtf8(row.fields[column], path, row.line);
  }
  const auto value = ParseScore(score);
  if (!value) {
    FailRow(ErrorCode::kInvalidArgument, path, row.line,
            Format("the score '{}' is not a number", score));
  }
  return {.sentence1 = std::move(row.fields[layout.sentence1]),
          .sentence2 = std::move(row.fields[layout.sentence2]),
          .score = *value,
          .line = row.line};
}

}  // namespace

std::vector<StsPair> ReadStsPairs(const std::string& path) {
  const StsFile file = ReadAll(path);
  const Layout layout = FindLayout(file);
  CsvReader rows = file.Rows(layout.csv);
  if (layout.header) rows.Next();
  std::vector<StsPair> pairs;
  while (auto row = rows.Next()) pairs.push_back(ReadPair(*row, layout, file.name));
  if (pairs.size() < 2) {
    FailRow(ErrorCode::kInvalidArgument, file.name, 0,
            "a correlation needs two sentence pairs or more");
  }
  return pairs;
}

StsResult EvaluateSts(const TextEncoder& encoder, std::span<const StsPair> pairs,
                      const EmbedOptions& options, EmbedStats* stats) {
  std::vector<std::string_view> texts;
  texts.reserve(2 * pairs.size());
  for (const StsPair& pair : pairs) texts.emplace_back(pair.sentence1);
  for (const StsPair& pair : pairs) texts.emplace_back(pair.sentence2);
  EmbedOptions named = options;
  named.name_text = [&](std::size_t i) {
    const std::size_t pair = i % pairs.size();
    return Format("sentence {} of {}", i < pairs.size() ? 1 : 2,
                  options.name_text ? options.name_text(pair) : Format("pair {}", pair + 1));
  };
  const Matrix<float> vectors = encoder.Embed(texts, named, stats);
  return ScoreSts(pairs, vectors.view().Rows(0, pairs.size()),
                  vectors.view().Rows(pairs.size(), pairs.size()));
}

StsResult ScoreSts(std::span<const StsPair> pairs, MatrixView<const float> first,
                   MatrixView<const float> second) {
  if (first.rows() != pairs.size() || second.rows() != pairs.size()) {
    throw Error(ErrorCode::kInvalidArgument, Format("{} and {} vectors for {} pairs", first.rows(),
                                                    second.rows(), pairs.size()));
  }
  std::vector<double> cosines;
  std::vector<double> scores;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    cosines.push_back(Cosine(first.Row(i), second.Row(i)));
    scores.push_back(pairs[i].score);
  }
  return {.spearman = Spearman(cosines, scores),
          .pearson = Pearson(cosines, scores),
          .pairs = pairs.size()};
}

}  // namespace merle
