// Records of CSV and TSV files: one row each, one of its columns the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "documents/csv_reader.h"
#include "documents/record_reader.h"

namespace merle {

class CsvRecords : public RecordReader {
 public:
  // Reads the header. Throws kInvalidArgument if it lacks a wanted column or has it twice.
  CsvRecords(CsvReader rows, const TextSourceOptions& options);

  std::optional<Record> Next() override;
  std::uint64_t bytes_read() const override { return rows_.bytes_read(); }

 private:
  void ReadHeader(const TextSourceOptions& options);
  std::size_t TextColumn(const CsvRow& header, const std::optional<std::string>& field) const;
  std::size_t Column(const CsvRow& header, const std::string& field) const;
  std::string Field(const CsvRow& row, std::size_t column) const;

  CsvReader rows_;
  std::optional<CsvRow> first_;  // Without a header: the first row, which is yet to be given.
  std::size_t columns_ = 0;
  std::size_t text_column_ = 0;
  std::optional<std::size_t> id_column_;
  std::vector<std::optional<std::size_t>> extra_columns_;  // Nothing: always empty.
};

}  // namespace merle
