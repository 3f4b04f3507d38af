#include "documents/record_reader.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "base/error.h"
#include "base/format.h"
#include "documents/csv_reader.h"
#include "documents/csv_records.h"
#include "documents/input_file.h"
#include "documents/jsonl_records.h"
#include "documents/line_reader.h"
#include "documents/passages.h"
#include "documents/record.h"
#include "documents/row_error.h"
#include "documents/text_source.h"

namespace merle {
namespace {

class LineRecords : public RecordReader {
 public:
  explicit LineRecords(LineReader lines) : lines_(std::move(lines)) {}

  std::optional<Record> Next() override {
    const auto line = lines_.Next();
    if (!line) return std::nullopt;
    CheckRowUtf8(*line, lines_.name(), lines_.line());
    Record record;
    record.text = *line;
    record.line = record.last_line = lines_.line();
    return record;
  }
  std::uint64_t bytes_read() const override { return lines_.bytes_read(); }

 private:
  LineReader lines_;
};

class PassageRecords : public RecordReader {
 public:
  explicit PassageRecords(PassageReader passages) : passages_(std::move(passages)) {}

  std::optional<Record> Next() override {
    auto passage = passages_.Next();
    if (!passage) return std::nullopt;
    Record record;
    record.text = std::move(passage->text);
    record.line = passage->line;
    record.last_line = passage->last_line;
    return record;
  }
  std::uint64_t bytes_read() const override { return passages_.bytes_read(); }

 private:
  PassageReader passages_;
};

// The whole input as one text.
class WholeRecord : public RecordReader {
 public:
  WholeRecord(InputFile input, std::size_t max_bytes)
      : input_(std::move(input)), max_bytes_(max_bytes) {}

  std::optional<Record> Next() override {
    if (std::exchange(given_, true)) return std::nullopt;
    auto text = input_.ReadAll(max_bytes_);
    if (!text) {
      FailRow(ErrorCode::kResourceExhausted, input_.name(), 0,
              Format("longer than {} bytes; read it as lines or passages", max_bytes_));
    }
    Record record;
    record.text = *std::move(text);
    CheckRowUtf8(record.text, input_.name(), 0);
    if (record.text.starts_with(kByteOrderMark)) record.text.erase(0, kByteOrderMark.size());
    return record;
  }
  std::uint64_t bytes_read() const override { return input_.bytes_read(); }

 private:
  InputFile input_;
  std::size_t max_bytes_;
  bool given_ = false;
};

}  // namespace

std::unique_ptr<RecordReader> OpenRecords(TextForm form, InputFile input,
                                          const TextSourceOptions& options) {
  const std::size_t max_bytes = options.max_text_bytes;
  if (form == TextForm::kWhole) return std::make_unique<WholeRecord>(std::move(input), max_bytes);
  LineReader lines(std::move(input), form == TextForm::kNullSeparated ? '\0' : '\n', max_bytes);
  switch (form) {
    case TextForm::kLines:
    case TextForm::kNullSeparated:
      return std::make_unique<LineRecords>(std::move(lines));
    case TextForm::kJsonl:
      return std::make_unique<JsonlRecords>(std::move(lines), options);
    case TextForm::kCsv:
    case TextForm::kTsv: {
      const CsvOptions csv{.delimiter = form == TextForm::kCsv ? ',' : '\t'};
      return std::make_unique<CsvRecords>(CsvReader(std::move(lines), csv), options);
    }
    case TextForm::kPassages:
      return std::make_unique<PassageRecords>(
          PassageReader(std::move(lines), options.passage_characters, options.fit_passage));
    case TextForm::kWhole:
      break;
  }
  MERLE_ASSERT(false);
}

}  // namespace merle
