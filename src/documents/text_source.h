// The texts that a command works on: from files, folders or standard input, in any form we read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "documents/fit_text.h"
#include "documents/folder_walker.h"
#include "documents/line_reader.h"
#include "documents/record.h"

namespace merle {

enum class TextForm {
  kLines,          // "lines": a text a line; \n or \r\n. Empty lines are texts.
  kNullSeparated,  // "null": a text up to each zero byte.
  kJsonl,          // "jsonl": an object a line; blank lines are skipped.
  kCsv,            // "csv": RFC 4180, the first row names the columns.
  kTsv,            // "tsv": the same with tabs.
  kWhole,          // "whole": each file is one text.
  kPassages,       // "passages": each file is running text, split as passages.h says.
};

// Nothing for an unknown name.
std::optional<TextForm> ParseTextForm(std::string_view name) noexcept;
std::string_view TextFormName(TextForm form) noexcept;

// By the ending, upper or lower case: .jsonl, .ndjson, .csv, .tsv; kLines for all others.
TextForm TextFormOfPath(std::string_view path);

struct TextSourceOptions {
  // Nothing: each file by its ending, what is in folders as passages.
  std::optional<TextForm> form = {};
  // JSONL: key of the text, a string. CSV and TSV: the column's name, or its number from 1. Without
  // one: "text"; in CSV and TSV without a column "text" also the only column.
  std::optional<std::string> field = {};
  // Field of the id, a string or an integer, which every row must have. Without one: "id" or
  // "_id" where there is one.
  std::optional<std::string> id_field = {};
  // More fields for Record::extra. Numbers and booleans become text, null and a missing key become
  // empty. CSV and TSV: the column must exist.
  std::vector<std::string> extra_fields = {};
  // false: an extra field that is no such column, or an array or object, is empty.
  bool extra_must_exist = true;
  bool header = true;       // CSV and TSV: the first row names the columns. false: numbers only.
  bool skip_bad = false;    // Count bad rows and go on, instead of throwing at the first.
  bool skip_blank = false;  // Leave out texts of nothing but white space.
  std::size_t max_text_bytes = kMaxTextBytes;  // Of one line, row or whole file.
  std::size_t passage_characters = 600;        // Most code points of a passage, 1 to 1,000,000.
  FitText fit_passage = {};                    // Empty: every passage fits.
};

// What was left out.
struct SkippedTexts {
  std::size_t bad_rows = 0;
  std::string first_bad_row;  // The message that would have been thrown: file, line, problem.
  SkippedFiles files;         // In folders.
};

// Gives the texts of several inputs one after another, in their order, in bounded memory. One
// thread at a time.
class TextSource {
 public:
  // paths: files, folders (all text files in them), "-" for standard input (once).
  // Throws kNotFound if one does not exist, kIoError if it can't be read, kInvalidArgument if "-"
  // stands twice or an option does not fit.
  explicit TextSource(std::vector<std::string> paths, TextSourceOptions options = {});
  TextSource(TextSource&&) noexcept;
  TextSource& operator=(TextSource&&) noexcept;
  ~TextSource();

  // The next text, or nothing after the last. A bad row throws, unless skip_bad is set; the
  // message says "file:line: problem; what to do". The next call goes on with the row after it.
  //   kInvalidArgument    not UTF-8, the field is missing or no text, a ragged row
  //   kDataLoss           not JSON, broken quoting
  //   kResourceExhausted  longer than max_text_bytes
  // With skip_bad a quote that is never closed is one bad row with all that follows in its file.
  // Thrown even then: a file that can't be read, a header without the column. Never thrown for what
  // a folder holds, unless `form` is given: there, bad rows are always counted.
  std::optional<Record> Next();

  // From the next file on, passages are also cut so that `fit` takes them whole.
  void FitPassages(FitText fit);

  const SkippedTexts& skipped() const;

  // For a progress bar. total_bytes is nothing where an input's size is unknown: pipes, folders.
  std::uint64_t bytes_read() const;
  std::optional<std::uint64_t> total_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace merle
