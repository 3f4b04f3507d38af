#include "documents/input_file.h"

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file.h"

namespace merle {

InputFile InputFile::Open(const std::string& path) {
  if (path == "-") return InputFile(STDIN_FILENO, false, "standard input");
  return InputFile(OpenForReading(path), true, path);
}

InputFile::InputFile(int descriptor, bool owned, std::string name)
    : descriptor_(descriptor), owned_(owned), name_(std::move(name)) {}

InputFile::InputFile(InputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      owned_(std::exchange(other.owned_, false)),
      name_(std::move(other.name_)),
      bytes_read_(other.bytes_read_) {}

InputFile& InputFile::operator=(InputFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(owned_, other.owned_);
  std::swap(name_, other.name_);
  std::swap(bytes_read_, other.bytes_read_);
  return *this;
}

InputFile::~InputFile() {
  if (owned_) ::close(descriptor_);
}

std::size_t InputFile::Read(std::span<char> buffer) {
  ssize_t got = 0;
  do {
    got = ::read(descriptor_, buffer.data(), buffer.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) FailOnFile(name_, "read", errno);
  bytes_read_ += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

}  // namespace merle
