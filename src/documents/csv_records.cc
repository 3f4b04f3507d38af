#include "documents/csv_records.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/quote.h"
#include "documents/csv_reader.h"
#include "documents/record.h"
#include "documents/row_error.h"
#include "documents/text_source.h"

namespace merle {
namespace {

constexpr std::size_t kNamesShown = 12;

std::string ListNames(const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) {
    AppendFormat(list, "{}{}", i == 0 ? "" : ", ", Quoted(names[i]));
  }
  return names.size() > kNamesShown ? list + ", …" : list;
}

}  // namespace

CsvRecords::CsvRecords(CsvReader rows, const TextSourceOptions& options) : rows_(std::move(rows)) {
  ReadHeader(options);
}

void CsvRecords::ReadHeader(const TextSourceOptions& options) {
  std::optional<CsvRow> header = rows_.Next();
  if (!header) return;
  for (const std::string& name : header->fields) CheckRowUtf8(name, rows_.name(), header->line);
  columns_ = header->fields.size();
  if (!options.header) {
    first_ = *header;
    header->fields.assign(columns_, {});  // Columns have no names, only numbers.
  }
  text_column_ = TextColumn(*header, options.field);
  if (options.id_field) {
    id_column_ = Column(*header, *options.id_field);
  } else {
    for (const char* usual : {"_id", "id"}) {
      if (const auto column = FindColumn(header->fields, usual)) id_column_ = column;
    }
  }
  for (const std::string& field : options.extra_fields) {
    extra_columns_.push_back(options.extra_must_exist ? Column(*header, field)
                                                      : FindColumn(header->fields, field));
  }
}

std::size_t CsvRecords::TextColumn(const CsvRow& header,
                                   const std::optional<std::string>& field) const {
  if (field) return Column(header, *field);
  if (columns_ > 1) return Column(header, "text");
  // More likely several columns than one with such a name.
  const std::string& name = header.fields.front();
  if (const std::size_t sign = name.find_first_of(";\t|"); sign != name.npos) {
    FailRow(ErrorCode::kInvalidArgument, rows_.name(), header.line,
            Format("the only column is {}; columns between {} are not read: use commas (.csv) or "
                   "tabs (.tsv), or choose column 1 as the field",
                   Quoted(name), Quoted(name.substr(sign, 1))));
  }
  return 0;
}

std::size_t CsvRecords::Column(const CsvRow& header, const std::string& field) const {
  const auto fail = [&](const std::string& problem) {
    FailRow(ErrorCode::kInvalidArgument, rows_.name(), header.line, problem);
  };
  const auto column = FindColumn(header.fields, field);
  const auto named =
      std::ranges::count_if(header.fields, [](const auto& name) { return !name.empty(); });
  if (!column && named == 0) {
    fail(Format("no column '{}'; choose the field by its number, 1 to {}", field, columns_));
  }
  if (!column) {
    fail(
        Format("no column '{}'; the columns are {}; choose one as the field, by its name or its "
               "number from 1",
               field, ListNames(header.fields)));
  }
  if (std::count(header.fields.begin(), header.fields.end(), field) > 1) {
    fail(Format("two columns are named '{}'; choose one by its number, from 1", field));
  }
  return *column;
}

std::optional<Record> CsvRecords::Next() {
  std::optional<CsvRow> row = first_ ? std::exchange(first_, std::nullopt) : rows_.Next();
  if (!row) return std::nullopt;
  if (row->fields.size() != columns_) {
    FailRow(ErrorCode::kInvalidArgument, rows_.name(), row->line,
            Format("{} columns, the first row has {}; quote fields that hold the separator",
                   row->fields.size(), columns_));
  }
  Record record;
  record.line = row->line;
  record.last_line = row->last_line;
  for (const auto column : extra_columns_) {
    record.extra.push_back(column ? Field(*row, *column) : std::string());
  }
  if (id_column_) record.id = Field(*row, *id_column_);
  record.text = Field(*row, text_column_);
  return record;
}

std::string CsvRecords::Field(const CsvRow& row, std::size_t column) const {
  CheckRowUtf8(row.fields[column], rows_.name(), row.line);
  return row.fields[column];
}

}  // namespace merle
