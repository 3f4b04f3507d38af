// Fuzzes the readers of records: lines, JSON lines, CSV and TSV, passages, whole files. Each must
// come to its end, with texts of UTF-8 and rising line numbers, whatever rows it refuses.
//
// The first byte of an input chooses the form and the options.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "documents/input_file.h"
#include "documents/record.h"
#include "documents/record_reader.h"
#include "documents/text_source.h"
#include "harness.h"

namespace merle::fuzz {
namespace {

constexpr TextForm kForms[] = {TextForm::kLines,   TextForm::kNullSeparated, TextForm::kJsonl,
                               TextForm::kCsv,     TextForm::kTsv,           TextForm::kWhole,
                               TextForm::kPassages};

void CheckRecord(const Record& record, std::size_t after_line, std::size_t lines) {
  Require(!FindInvalidUtf8(record.text) && !FindInvalidUtf8(record.id), "a text is not UTF-8");
  for (const std::string& extra : record.extra) Require(!FindInvalidUtf8(extra), "nor an extra");
  Require(record.line >= after_line && record.line <= record.last_line && record.last_line <= lines,
          "the line numbers are wrong");
}

void ReadAll(TextForm form, const TextSourceOptions& options, std::string_view input) {
  const char separator = form == TextForm::kNullSeparated ? '\0' : '\n';
  const std::size_t lines =
      1 + static_cast<std::size_t>(std::count(input.begin(), input.end(), separator));
  const auto reader = OpenRecords(form, InputFile::OfBytes(input, "input"), options);
  std::size_t line = 0, bytes = 0;
  // A passage takes a character at least, a row a line.
  for (std::size_t calls = 0;; ++calls) {
    Require(calls <= input.size() + 2, "the records do not end");
    std::optional<Record> record;
    if (!Runs([&] { record = reader->Next(); })) continue;
    if (!record) break;
    CheckRecord(*record, line, lines);
    line = record->line;
    bytes += record->text.size();
    Require(bytes <= input.size(), "more text than input");
  }
  Require(reader->bytes_read() <= input.size(), "more bytes read than there are");
}

}  // namespace
}  // namespace merle::fuzz

using namespace merle;
using namespace merle::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0] / 8;
  TextSourceOptions options;
  if ((choice & 1) != 0) options.field = "1";
  if ((choice & 2) != 0) options.id_field = "id";
  if ((choice & 4) != 0) options.extra_fields = {"2", "extra"};
  options.header = (choice & 8) == 0;
  if ((choice & 16) != 0) options.max_text_bytes = 40;
  options.passage_characters = 20;
  const TextForm form = kForms[data[0] % std::size(kForms)];
  Runs([&] { ReadAll(form, options, TextOf(data + 1, size - 1)); });
  return 0;
}
