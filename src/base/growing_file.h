// A file that is written from its begin to its end, and read back at any place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/descriptor.h"

namespace merle {

// Buffered. All throw kIoError with the name and the cause; after a failed Write or WriteAt the
// same bytes may be written again, after a failed Sync nothing is believed any more. One thread at
// a time.
class GrowingFile {
 public:
  // Takes a file that is open for reading and writing, with all that is in it. `name` stands in
  // messages.
  GrowingFile(Descriptor descriptor, std::string name);

  // A file in `folder` that no name leads to: it goes with this object, however the process ends.
  // Made when it holds more than a few megabytes, which stay in memory.
  static GrowingFile Temporary(std::string folder);

  void Write(std::string_view bytes);  // At the end.
  // Writes over bytes that are there, such as a header whose counts were not yet known.
  void WriteAt(std::uint64_t offset, std::string_view bytes);
  // Reads out.size() bytes from `offset` on, all of which must be there.
  void ReadAt(std::uint64_t offset, std::span<char> out);
  // Leaves the first `bytes` bytes, which must be there.
  void Cut(std::uint64_t bytes);
  // Returns when all that was written would survive the loss of power.
  void Sync();

  std::uint64_t size() const { return flushed_ + buffer_.size(); }  // Bytes.
  const std::string& name() const { return name_; }

 protected:
  int descriptor() const { return descriptor_.value(); }
  [[noreturn]] void Fail(const char* action) const;  // The cause is in errno.

 private:
  GrowingFile() = default;
  void Make();
  void Flush();
  void Put(std::uint64_t offset, std::string_view bytes);

  Descriptor descriptor_;  // None: of a temporary file that is still to be made.
  std::string name_;
  std::string folder_;             // Of a temporary file.
  std::size_t most_buffered_ = 0;  // Bytes.
  std::uint64_t flushed_ = 0;      // Bytes in the file; those in buffer_ follow.
  std::string buffer_;
  bool lost_ = false;  // A Sync failed.
};

}  // namespace merle
