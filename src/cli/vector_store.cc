#include "cli/vector_store.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/error.h"
#include "base/format.h"
#include "base/growing_file.h"
#include "documents/record.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

constexpr std::size_t kBlockRows = 4096;
constexpr std::size_t kReadBytes = 1 << 20;

// OFFSET  SIZE     DESCRIPTION, in the byte order of this machine
// 0       8        the record's row
// 8       8        bytes of its id
// 16      …        its id
// …       4 * dim  its vector
struct Head {
  std::uint64_t row;
  std::uint64_t id_bytes;
};

template <typename T>
std::string_view BytesOf(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

// Reads a file from its begin.
class Reader {
 public:
  explicit Reader(GrowingFile& file) : file_(file), left_(file.size()) {}

  bool AtEnd() const { return left() == 0; }
  std::uint64_t left() const { return left_ + buffer_.size() - taken_; }  // Bytes not yet read.

  template <typename T>
  void Read(std::span<T> out) {
    std::span<char> bytes(reinterpret_cast<char*>(out.data()), out.size_bytes());
    if (bytes.size() > left()) FailCut();
    while (!bytes.empty()) {
      if (taken_ == buffer_.size()) Fill();
      const std::size_t given = buffer_.copy(bytes.data(), bytes.size(), taken_);
      taken_ += given;
      bytes = bytes.subspan(given);
    }
  }

  // Throws for what only somebody else's writing can have done.
  [[noreturn]] void FailCut() const {
    throw Error(ErrorCode::kDataLoss, Format("{}: ends within a vector", file_.name()));
  }

 private:
  void Fill() {
    buffer_.resize(std::min<std::uint64_t>(left_, kReadBytes));
    file_.ReadAt(file_.size() - left_, buffer_);
    left_ -= buffer_.size();
    taken_ = 0;
  }

  GrowingFile& file_;
  std::uint64_t left_;  // Bytes behind those in buffer_.
  std::string buffer_;
  std::size_t taken_ = 0;
};

}  // namespace

void VectorStore::Append(std::span<const Record> records, MatrixView<const float> vectors) {
  MERLE_ASSERT(vectors.rows() == records.size() && vectors.cols() == dim_);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Head head{.row = records[i].row, .id_bytes = records[i].id.size()};
    file_.Write(BytesOf(std::span(&head, 1)));
    file_.Write(records[i].id);
    file_.Write(BytesOf(vectors.Row(i)));
  }
}

void VectorStore::ForEachBlock(const Visit& visit) {
  Reader reader(file_);
  std::vector<Record> records;
  Matrix<float> vectors(kBlockRows, dim_);
  while (!reader.AtEnd()) {
    records.clear();
    while (!reader.AtEnd() && records.size() < kBlockRows) {
      Head head;
      reader.Read(std::span(&head, 1));
      Record record;
      record.row = head.row;
      if (head.id_bytes > reader.left()) reader.FailCut();
      record.id.resize(head.id_bytes);
      reader.Read(std::span(record.id));
      reader.Read(vectors.Row(records.size()));
      records.push_back(std::move(record));
    }
    visit(records, std::as_const(vectors).view().Rows(0, records.size()));
  }
}

}  // namespace merle
