// The bytes of vectors in each form of output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "documents/record.h"
#include "embedding/precision.h"
#include "tensor/matrix.h"
#include "tensor/vector_file.h"

namespace merle {

enum class LineForm { kText, kJsonl };  // A line for each vector.

using VectorForm = std::variant<LineForm, VectorFormat>;

std::string VectorFormName(VectorForm form);  // As --format takes it.

// Rows of numbers of some precision.
using NumberRows = std::variant<MatrixView<const float>, MatrixView<const std::int8_t>,
                                MatrixView<const std::uint8_t>>;

class RowEncoder {
 public:
  // dim: components of a vector before it gets its precision.
  RowEncoder(VectorForm form, Precision precision, std::size_t dim);

  // What stands before `rows` rows: as many bytes for each number of them, none before lines.
  std::string Header(std::size_t rows) const;

  // Calls `write` with the bytes of each row, in order. records: [n], those of rows [n, cols].
  using Sink = std::function<void(std::string_view bytes)>;
  void Encode(std::span<const Record> records, const NumberRows& rows, const Sink& write) const;

  bool is_lines() const { return std::holds_alternative<LineForm>(form_); }

 private:
  VectorForm form_;
  Precision precision_;
  std::size_t dim_;
};

}  // namespace merle
