#include "documents/input_file.h"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/file.h"

namespace merle {

InputFile InputFile::Open(const std::string& path) {
  if (path == "-") return InputFile(STDIN_FILENO, false, "standard input");
  return InputFile(OpenForReading(path), true, path);
}

InputFile InputFile::OfBytes(std::string_view bytes, std::string name) {
  InputFile input(-1, false, std::move(name));
  input.bytes_ = bytes;
  return input;
}

InputFile::InputFile(int descriptor, bool owned, std::string name)
    : descriptor_(descriptor), owned_(owned), name_(std::move(name)) {}

InputFile::InputFile(InputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(other.bytes_),
      owned_(std::exchange(other.owned_, false)),
      name_(std::move(other.name_)),
      bytes_read_(other.bytes_read_) {}

InputFile& InputFile::operator=(InputFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(bytes_, other.bytes_);
  std::swap(owned_, other.owned_);
  std::swap(name_, other.name_);
  std::swap(bytes_read_, other.bytes_read_);
  return *this;
}

InputFile::~InputFile() {
  if (owned_) ::close(descriptor_);
}

std::size_t InputFile::Read(std::span<char> buffer) {
  if (descriptor_ < 0) {
    const std::size_t given = bytes_.copy(buffer.data(), buffer.size());
    bytes_.remove_prefix(given);
    bytes_read_ += given;
    return given;
  }
  ssize_t got = 0;
  do {
    got = ::read(descriptor_, buffer.data(), buffer.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) FailOnFile(name_, "read", errno);
  bytes_read_ += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

std::optional<std::string> InputFile::ReadAll(std::size_t max_bytes) {
  constexpr std::size_t kLeastRead = 1 << 16;
  std::string text;
  std::size_t size = 0;
  do {
    size = text.size();
    if (size > max_bytes) return std::nullopt;
    text.resize(size + std::max(size, kLeastRead));
    text.resize(size + Read(std::span(text).subspan(size)));
  } while (text.size() > size);
  return text;
}

}  // namespace merle
