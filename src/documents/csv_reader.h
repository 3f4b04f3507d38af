// Rows of comma- or tab-separated values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "documents/line_reader.h"

namespace merle {

struct CsvOptions {
  char delimiter = ',';  // '\t' for TSV.
  // Fields may stand in double quotes, as RFC 4180 says. false: a quote is a character like others.
  bool quoting = true;
};

struct CsvRow {
  std::vector<std::string> fields;
  std::size_t line;       // Where it starts in the file, from 1.
  std::size_t last_line;  // Where it ends: a quoted field may hold line ends.
};

// Reads rows of any number of fields, each its own; empty lines are no rows. A quote inside a field
// that does not start with one is a character, as in Python's csv. Does not check UTF-8.
// Source: RFC 4180, section 2.
class CsvReader {
 public:
  explicit CsvReader(LineReader lines, CsvOptions options = {});

  // The next row, or nothing after the last. Throws Error with the file and the line:
  //   kDataLoss           text after a closing quote; the next call goes on with the next line
  //   kResourceExhausted  a line is too long; the same
  //   kDataLoss           a quote is never closed, or kResourceExhausted: not within the limit.
  //                       Rows can't be told apart any more, so lost() is true and no more come.
  std::optional<CsvRow> Next();

  bool lost() const { return lost_; }
  const std::string& name() const { return lines_.name(); }
  std::uint64_t bytes_read() const { return lines_.bytes_read(); }

 private:
  // Each takes one field off text_ from `at` and returns where the next one starts, npos at the end
  // of the row.
  std::size_t TakeField(std::size_t at, CsvRow& row);
  std::size_t TakeQuotedField(std::size_t at, CsvRow& row);
  std::size_t AfterQuotedField(std::size_t at, std::size_t column) const;
  void TakeNextLine(std::size_t opened_on);  // Appends it to text_: the quote is still open.

  LineReader lines_;
  CsvOptions options_;
  std::string text_;  // The lines of the row so far.
  bool lost_ = false;
};

// Index of the column that `field` names: by its name in the header, or else by its number from 1.
// Nothing if there is none.
std::optional<std::size_t> FindColumn(const std::vector<std::string>& header,
                                      const std::string& field);

}  // namespace merle
