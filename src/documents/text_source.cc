#include "documents/text_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "documents/fit_text.h"
#include "documents/folder_walker.h"
#include "documents/input_file.h"
#include "documents/record.h"
#include "documents/record_reader.h"

namespace merle {
namespace {

constexpr std::size_t kMaxPassageCharacters = 1'000'000;

struct FormRow {
  TextForm form;
  std::string_view name;
};

constexpr FormRow kForms[] = {
    {TextForm::kLines, "lines"},       {TextForm::kNullSeparated, "null"},
    {TextForm::kJsonl, "jsonl"},       {TextForm::kCsv, "csv"},
    {TextForm::kTsv, "tsv"},           {TextForm::kWhole, "whole"},
    {TextForm::kPassages, "passages"},
};

struct InputKind {
  bool folder;
  std::optional<std::uint64_t> bytes;  // Of a regular file.
};

InputKind Examine(const std::string& path) {
  struct stat status{};
  const bool found =
      path == "-" ? ::fstat(STDIN_FILENO, &status) == 0 : ::stat(path.c_str(), &status) == 0;
  if (!found) FailOnFile(path, "open", errno);
  InputKind kind{.folder = S_ISDIR(status.st_mode), .bytes = std::nullopt};
  if (S_ISREG(status.st_mode)) kind.bytes = static_cast<std::uint64_t>(status.st_size);
  return kind;
}

void CheckOptions(const TextSourceOptions& options) {
  if (options.passage_characters < 1 || options.passage_characters > kMaxPassageCharacters) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("passages of {} characters are not possible; choose 1 to {}",
                       options.passage_characters, kMaxPassageCharacters));
  }
}

void Add(SkippedFiles& sum, const SkippedFiles& more) {
  sum.hidden += more.hidden;
  sum.binary += more.binary;
  if (sum.not_utf8 == 0) sum.first_not_utf8 = more.first_not_utf8;
  sum.not_utf8 += more.not_utf8;
  sum.links += more.links;
  sum.special += more.special;
  sum.unreadable += more.unreadable;
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(kWhiteSpace) == std::string_view::npos;
}

}  // namespace

std::optional<TextForm> ParseTextForm(std::string_view name) noexcept {
  for (const FormRow& row : kForms) {
    if (row.name == name) return row.form;
  }
  return std::nullopt;
}

std::string_view TextFormName(TextForm form) noexcept {
  return std::find_if(std::begin(kForms), std::end(kForms),
                      [&](const FormRow& row) { return row.form == form; })
      ->name;
}

TextForm TextFormOfPath(std::string_view path) {
  std::string ending = std::filesystem::path(path).extension().string();
  for (char& c : ending) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (ending == ".jsonl" || ending == ".ndjson") return TextForm::kJsonl;
  if (ending == ".csv") return TextForm::kCsv;
  if (ending == ".tsv") return TextForm::kTsv;
  return TextForm::kLines;
}

struct TextSource::State {
  TextSourceOptions options;
  std::vector<std::string> paths;  // Those still to be opened, next one last.
  std::optional<std::uint64_t> total_bytes = 0;

  std::optional<FolderWalker> walker;    // The folder that is being read.
  std::unique_ptr<RecordReader> reader;  // The file that is being read.
  std::string path;                      // Its name.
  bool counts_bad_rows = false;          // In it they are counted, not thrown.
  std::uint64_t bytes_before = 0;        // Read from the files before it.
  SkippedTexts skipped;
  std::size_t rows = 0;  // Good, bad or blank, that have been read.

  bool OpenNext();
  void Open(const std::string& next, TextForm form);
  void Close();
  std::optional<Record> NextOfReader();
};

bool TextSource::State::OpenNext() {
  if (walker) {
    if (const auto next = walker->Next()) {
      // A folder is read as found: no text in it that can't be one stops the rest.
      counts_bad_rows = options.skip_bad || !options.form;
      Open(*next, options.form.value_or(TextForm::kPassages));
      return true;
    }
    Add(skipped.files, walker->skipped());
    walker.reset();
  }
  if (paths.empty()) return false;
  const std::string next = std::move(paths.back());
  paths.pop_back();
  if (next != "-" && Examine(next).folder) {
    walker.emplace(next);
    return OpenNext();
  }
  counts_bad_rows = options.skip_bad;
  Open(next, options.form.value_or(TextFormOfPath(next)));
  return true;
}

void TextSource::State::Open(const std::string& next, TextForm form) {
  InputFile input = InputFile::Open(next);
  path = input.name();
  reader = OpenRecords(form, std::move(input), options);
}

void TextSource::State::Close() {
  bytes_before += reader->bytes_read();
  reader.reset();
}

// The next good record of the open file.
std::optional<Record> TextSource::State::NextOfReader() {
  for (;;) {
    try {
      return reader->Next();
    } catch (const Error& error) {
      if (!counts_bad_rows || error.code() == ErrorCode::kIoError) throw;
      ++rows;
      if (++skipped.bad_rows == 1) skipped.first_bad_row = error.what();
    }
  }
}

TextSource::TextSource(std::vector<std::string> paths, TextSourceOptions options)
    : state_(std::make_unique<State>()) {
  CheckOptions(options);
  if (std::count(paths.begin(), paths.end(), "-") > 1) {
    throw Error(ErrorCode::kInvalidArgument, "standard input (-) can be read only once");
  }
  for (const std::string& path : paths) {
    const InputKind kind = Examine(path);
    if (kind.bytes && state_->total_bytes) {
      *state_->total_bytes += *kind.bytes;
    } else {
      state_->total_bytes = std::nullopt;
    }
  }
  std::reverse(paths.begin(), paths.end());
  state_->paths = std::move(paths);
  state_->options = std::move(options);
}

TextSource::TextSource(TextSource&&) noexcept = default;
TextSource& TextSource::operator=(TextSource&&) noexcept = default;
TextSource::~TextSource() = default;

std::optional<Record> TextSource::Next() {
  for (;;) {
    if (!state_->reader && !state_->OpenNext()) return std::nullopt;
    std::optional<Record> record = state_->NextOfReader();
    if (!record) {
      state_->Close();
      continue;
    }
    record->row = state_->rows++;
    if (!state_->options.skip_blank || !IsBlank(record->text)) {
      record->path = state_->path;
      return record;
    }
  }
}

void TextSource::FitPassages(FitText fit) { state_->options.fit_passage = std::move(fit); }

const SkippedTexts& TextSource::skipped() const { return state_->skipped; }

std::uint64_t TextSource::bytes_read() const {
  return state_->bytes_before + (state_->reader ? state_->reader->bytes_read() : 0);
}

std::optional<std::uint64_t> TextSource::total_bytes() const { return state_->total_bytes; }

}  // namespace merle
