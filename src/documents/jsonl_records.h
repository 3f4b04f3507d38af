// Records of JSON lines: one object a line, one of its members the text.
#pragma once

#include <cstdint>
#include <optional>

#include "documents/line_reader.h"
#include "documents/record_reader.h"

namespace merle {

class JsonlRecords : public RecordReader {
 public:
  // options must outlive this.
  JsonlRecords(LineReader lines, const TextSourceOptions& options);

  std::optional<Record> Next() override;
  std::uint64_t bytes_read() const override { return lines_.bytes_read(); }

 private:
  LineReader lines_;
  const TextSourceOptions& options_;
};

}  // namespace merle
