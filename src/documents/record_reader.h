// Records of one file, read in one form: the parts that TextSource is made of.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "documents/input_file.h"
#include "documents/record.h"
#include "documents/text_source.h"

namespace merle {

// Gives the records of one input, without path and without regard to skip_bad.
class RecordReader {
 public:
  virtual ~RecordReader() = default;

  // The next record, or nothing after the last. Throws for a bad row, with the file and the line in
  // the message; the next call goes on behind it, or ends where no more rows can be told apart.
  virtual std::optional<Record> Next() = 0;

  virtual std::uint64_t bytes_read() const = 0;
};

// options must outlive the reader. Throws as Next does if a CSV header lacks a wanted column.
std::unique_ptr<RecordReader> OpenRecords(TextForm form, InputFile input,
                                          const TextSourceOptions& options);

}  // namespace merle
