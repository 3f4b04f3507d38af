#include "tensor/npy.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/byte_reader.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/quote.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"
#include "tensor/read_floats.h"

namespace merle {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMaxHeaderBytes = 1 << 16;  // A matrix's header has about 118.

struct TypeRow {
  DType dtype;
  std::string_view descr;
};

constexpr TypeRow kTypes[] = {
    {DType::kF32, "<f4"}, {DType::kF16, "<f2"}, {DType::kF64, "<f8"},
    {DType::kI8, "|i1"},  {DType::kU8, "|u1"},
};

// Reads the Python dict of a header: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  struct Header {
    std::string descr;
    bool fortran_order = false;
    std::vector<std::size_t> shape;
  };

  Header Parse() {
    Expect('{');
    std::optional<std::string> descr;
    std::optional<bool> fortran_order;
    std::optional<std::vector<std::size_t>> shape;
    while (!Take('}')) {
      const std::string_view key = TakeString();
      Expect(':');
      if (key == "descr" && !descr) {
        descr = TakeString();
      } else if (key == "fortran_order" && !fortran_order) {
        fortran_order = TakeBool();
      } else if (key == "shape" && !shape) {
        shape = TakeShape();
      } else {
        Fail();
      }
      if (!Take(',')) {
        Expect('}');
        break;
      }
    }
    SkipSpace();
    if (!text_.empty() || !descr || !fortran_order || !shape) Fail();
    return {std::move(*descr), *fortran_order, std::move(*shape)};
  }

 private:
  [[noreturn]] void Fail() const {
    throw Error(ErrorCode::kDataLoss,
                Format("{}: the .npy header can't be read; is the file whole, "
                       "and does it hold one plain array?",
                       path_));
  }

  void SkipSpace() {
    const auto first = text_.find_first_not_of(" \n\t");
    text_.remove_prefix(first == text_.npos ? text_.size() : first);
  }

  bool Take(char c) {
    SkipSpace();
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }

  void Expect(char c) {
    if (!Take(c)) Fail();
  }

  std::string_view TakeString() {
    const char quote = Take('\'') ? '\'' : '"';
    if (quote == '"') Expect('"');
    const std::size_t end = text_.find(quote);
    if (end == text_.npos) Fail();
    const std::string_view value = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return value;
  }

  bool TakeBool() {
    SkipSpace();
    for (const auto& [word, value] :
         {std::pair{std::string_view("True"), true}, std::pair{std::string_view("False"), false}}) {
      if (!text_.starts_with(word)) continue;
      text_.remove_prefix(word.size());
      return value;
    }
    Fail();
  }

  std::vector<std::size_t> TakeShape() {
    std::vector<std::size_t> shape;
    Expect('(');
    while (!Take(')')) {
      std::size_t length = 0;
      SkipSpace();
      const char* const end = text_.data() + text_.size();
      // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): `end` is the size.
      const auto parsed = std::from_chars(text_.data(), end, length);
      if (parsed.ec != std::errc()) Fail();
      text_.remove_prefix(static_cast<std::size_t>(parsed.ptr - text_.data()));
      shape.push_back(length);
      if (!Take(',')) {
        Expect(')');
        break;
      }
    }
    return shape;
  }

  std::string_view text_;
  const std::string& path_;
};

[[noreturn]] void FailUnsupported(const std::string& path, const std::string& problem) {
  throw Error(ErrorCode::kUnimplemented, Format("{}: {}", path, problem));
}

[[noreturn]] void FailLength(const std::string& path, std::string_view wanted,
                             std::uint64_t bytes) {
  throw Error(ErrorCode::kDataLoss,
              Format("{}: {}, the file has {} bytes in all", path, wanted, bytes));
}

// What stands before the data.
struct Head {
  std::string text;  // The Python dict.
  std::uint64_t data_begin;
};

Head ReadHead(const RandomAccessFile& file) {
  const std::string& path = file.path();
  const std::string head = file.ReadHead(kMagic.size() + 6 + kMaxHeaderBytes);
  if (head.size() < 10 || !head.starts_with(kMagic)) {
    throw Error(ErrorCode::kDataLoss, Format("{}: not a .npy file", path));
  }
  ByteReader reader(head, path);
  reader.Bytes(kMagic.size());
  const std::uint64_t version = reader.Unsigned(1);
  reader.Unsigned(1);  // The minor version.
  if (version < 1 || version > 3) {
    FailUnsupported(path, Format(".npy version {}, 1 to 3 are known", version));
  }
  const std::uint64_t size = reader.Unsigned(version == 1 ? 2 : 4);
  if (size > kMaxHeaderBytes || size > reader.left()) {
    FailLength(path, Format("the header should have {} bytes", size), file.size());
  }
  std::string text(reader.Bytes(size));
  return {std::move(text), reader.position()};
}

DType ReadableType(const std::string& descr, const std::string& path) {
  for (const TypeRow& row : kTypes) {
    if (row.descr == descr && IsFloat(row.dtype)) return row.dtype;
  }
  FailUnsupported(path, Format("numbers of type {}; convert with .astype('<f4')", Quoted(descr)));
}

}  // namespace

std::string NpyHeader(DType dtype, std::size_t rows, std::size_t cols) {
  for (const TypeRow& row : kTypes) {
    if (row.dtype != dtype) continue;
    constexpr std::size_t kTextBytes = kNpyHeaderBytes - 10;
    std::string header(kMagic);
    header += {'\x01', '\x00', static_cast<char>(kTextBytes), '\x00'};
    AppendFormat(header, "{{'descr': '{}', 'fortran_order': False, 'shape': ({}, {}), }}",
                 row.descr, rows, cols);
    MERLE_ASSERT(header.size() < kNpyHeaderBytes);
    header.resize(kNpyHeaderBytes - 1, ' ');
    return header + '\n';
  }
  MERLE_ASSERT(false);
}

Matrix<float> ReadNpy(const std::string& path) {
  const RandomAccessFile file = RandomAccessFile::Open(path);
  const Head head = ReadHead(file);
  const auto header = HeaderParser(head.text, path).Parse();
  const DType dtype = ReadableType(header.descr, path);
  if (header.fortran_order) {
    FailUnsupported(path, "an array in Fortran order; convert with numpy.ascontiguousarray");
  }
  if (header.shape.empty() || header.shape.size() > 2) {
    FailUnsupported(path,
                    Format("an array of {} dimensions, 1 or 2 are known", header.shape.size()));
  }
  const std::size_t rows = header.shape.size() == 2 ? header.shape[0] : 1;
  const std::size_t cols = header.shape.back();
  if (cols == 0 && rows > 0) {  // Any number of such rows would fit into no bytes at all.
    FailUnsupported(path, Format("{} rows without numbers", rows));
  }
  const std::size_t size = DTypeBytes(dtype);
  if (!(CheckedSize(rows) * cols * size + head.data_begin).Is(file.size())) {
    FailLength(path, Format("the header says {} x {} numbers of {} bytes", rows, cols, size),
               file.size());
  }
  auto matrix = Matrix<float>::Uninitialized(rows, cols);
  ReadFloats(file, head.data_begin, dtype, {matrix.data(), rows * cols});
  return matrix;
}

}  // namespace merle
