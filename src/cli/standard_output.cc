#include "cli/standard_output.h"

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string_view>

#include "base/file.h"

namespace merle {
namespace {

constexpr std::size_t kBufferBytes = 1 << 16;

}  // namespace

void StandardOutput::Write(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= kBufferBytes) Flush();
}

void StandardOutput::Flush() {
  if (!WriteAll(STDOUT_FILENO, buffer_)) {
    if (errno == EPIPE) throw BrokenPipe();
    FailOnFile("standard output", "write", errno);
  }
  buffer_.clear();
}

}  // namespace merle
