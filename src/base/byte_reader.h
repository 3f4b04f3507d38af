// Reads binary headers: little-endian integers and texts, never beyond the bytes that are there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/error.h"
#include "base/format.h"

namespace merle {

// Walks over borrowed bytes from front to back. Every read throws kDataLoss, naming `file`, where
// fewer bytes are left than it wants.
class ByteReader {
 public:
  ByteReader(std::string_view bytes, std::string_view file) : bytes_(bytes), file_(file) {}

  // The next `size` bytes, as they are.
  std::string_view Bytes(std::size_t size) {
    if (size > left()) {
      throw Error(ErrorCode::kDataLoss, Format("{}: is cut off: {} bytes are wanted at byte {}, {} "
                                               "are left; fetch the file again",
                                               file_, size, at_, left()));
    }
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }

  // The next `size` bytes, 1 to 8, as a little-endian integer.
  std::uint64_t Unsigned(std::size_t size) {
    MERLE_ASSERT(size >= 1 && size <= sizeof(std::uint64_t));
    const std::string_view bytes = Bytes(size);
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  }

  std::size_t position() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }

 private:
  std::string_view bytes_;
  std::string_view file_;
  std::size_t at_ = 0;
};

}  // namespace merle
