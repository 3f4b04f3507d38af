#include "documents/csv_reader.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "documents/line_reader.h"
#include "documents/row_error.h"

namespace merle {
namespace {

constexpr std::size_t kRowEnd = std::string::npos;

}  // namespace

CsvReader::CsvReader(LineReader lines, CsvOptions options)
    : lines_(std::move(lines)), options_(options) {}

std::optional<CsvRow> CsvReader::Next() {
  if (lost_) return std::nullopt;
  std::optional<std::string_view> line;
  do {
    line = lines_.Next();
    if (!line) return std::nullopt;
  } while (line->empty());
  text_.assign(*line);
  CsvRow row{.fields = {}, .line = lines_.line(), .last_line = lines_.line()};
  for (std::size_t at = 0; at != kRowEnd;) at = TakeField(at, row);
  row.last_line = lines_.line();
  return row;
}

std::size_t CsvReader::TakeField(std::size_t at, CsvRow& row) {
  if (options_.quoting && at < text_.size() && text_[at] == '"') return TakeQuotedField(at, row);
  const std::size_t end = text_.find(options_.delimiter, at);
  row.fields.push_back(text_.substr(at, end == kRowEnd ? end : end - at));
  return end == kRowEnd ? kRowEnd : end + 1;
}

std::size_t CsvReader::TakeQuotedField(std::size_t at, CsvRow& row) {
  const std::size_t opened_on = lines_.line();
  std::string field;
  std::size_t from = at + 1;
  for (;;) {
    const std::size_t quote = text_.find('"', from);
    field.append(text_, from, quote == std::string::npos ? quote : quote - from);
    if (quote == std::string::npos) {
      from = text_.size();
      TakeNextLine(opened_on);
    } else if (quote + 1 < text_.size() && text_[quote + 1] == '"') {
      field.push_back('"');
      from = quote + 2;
    } else {
      row.fields.push_back(std::move(field));
      return AfterQuotedField(quote + 1, row.fields.size());
    }
  }
}

void CsvReader::TakeNextLine(std::size_t opened_on) {
  lost_ = true;  // Until there is a line: what follows an open quote can't be told apart.
  const auto line = lines_.Next();
  if (!line) {
    FailRow(ErrorCode::kDataLoss, name(), opened_on,
            "a double quote is opened here and never closed; close it, or write \"\" for a quote");
  }
  if (text_.size() + line->size() > lines_.max_line_bytes()) {
    FailRow(ErrorCode::kResourceExhausted, name(), opened_on,
            Format("a double quote is opened here and not closed within {} bytes; close it, or "
                   "write \"\" for a quote",
                   lines_.max_line_bytes()));
  }
  text_.push_back('\n');
  text_.append(*line);
  lost_ = false;
}

std::size_t CsvReader::AfterQuotedField(std::size_t at, std::size_t column) const {
  if (at == text_.size()) return kRowEnd;
  if (text_[at] == options_.delimiter) return at + 1;
  FailRow(ErrorCode::kDataLoss, name(), lines_.line(),
          Format("text after the closing quote of column {}; write \"\" for a quote in a quoted "
                 "field",
                 column));
}

std::optional<std::size_t> FindColumn(const std::vector<std::string>& header,
                                      const std::string& field) {
  const auto named = std::find(header.begin(), header.end(), field);
  if (named != header.end()) return static_cast<std::size_t>(named - header.begin());
  std::size_t number = 0;
  const char* const end = field.data() + field.size();
  const auto parsed = std::from_chars(field.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  if (number < 1 || number > header.size()) return std::nullopt;
  return number - 1;
}

}  // namespace merle
