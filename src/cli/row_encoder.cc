#include "cli/row_encoder.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/json_writer.h"
#include "documents/record.h"
#include "embedding/precision.h"
#include "tensor/vector_file.h"

namespace merle {
namespace {

template <typename T>
std::string JsonLine(const Record& record, std::span<const T> row) {
  JsonWriter json;
  json.BeginObject().Key("index").Value(record.row);
  if (!record.id.empty()) json.Key("id").Value(record.id);
  json.Key("embedding").Value(row).EndObject();
  return json.text() + "\n";
}

template <typename T>
std::string TextLine(std::span<const T> row) {
  std::string line;
  for (const T value : row) {
    if (!line.empty()) line += ' ';
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
    line.append(digits.begin(), end);
  }
  return line + "\n";
}

template <typename T>
std::string_view BytesOf(std::span<const T> row) {
  return {reinterpret_cast<const char*>(row.data()), row.size_bytes()};
}

}  // namespace

std::string VectorFormName(VectorForm form) {
  if (form == VectorForm(LineForm::kText)) return "text";
  if (form == VectorForm(LineForm::kJsonl)) return "jsonl";
  return form == VectorForm(VectorFormat::kNpy) ? "npy" : "safetensors";
}

RowEncoder::RowEncoder(VectorForm form, Precision precision, std::size_t dim)
    : form_(form), precision_(precision), dim_(dim) {}

std::string RowEncoder::Header(std::size_t rows) const {
  if (is_lines()) return {};
  return VectorFileHeader({.format = std::get<VectorFormat>(form_),
                           .dtype = PrecisionDType(precision_),
                           .cols = PrecisionCols(precision_, dim_)},
                          rows);
}

void RowEncoder::Encode(std::span<const Record> records, const NumberRows& rows,
                        const Sink& write) const {
  const bool json = form_ == VectorForm(LineForm::kJsonl);
  const auto encode = [&](auto matrix) {
    for (std::size_t i = 0; i < matrix.rows(); ++i) {
      if (!is_lines()) {
        write(BytesOf(matrix.Row(i)));
      } else {
        write(json ? JsonLine(records[i], matrix.Row(i)) : TextLine(matrix.Row(i)));
      }
    }
  };
  std::visit(encode, rows);
}

}  // namespace merle
