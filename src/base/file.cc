#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/format.h"

namespace merle {
namespace {

// Writes larger than this go straight to the file.
constexpr std::size_t kBufferBytes = 1 << 16;

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int value() const { return value_; }

 private:
  int value_;
};

[[noreturn]] void FailOn(const std::string& path, const char* action, int error) {
  const auto code = error == ENOENT || error == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIoError;
  throw Error(code, Format("{}: can't {}: {}", path, action, std::strerror(error)));
}

// Opens a regular file for reading and tells its size.
Descriptor OpenRegular(const std::string& path, std::size_t& size) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.value() < 0) FailOn(path, "open", errno);
  struct stat status {};
  if (::fstat(file.value(), &status) != 0) FailOn(path, "stat", errno);
  if (S_ISDIR(status.st_mode)) {
    throw Error(ErrorCode::kIoError, Format("{}: is a folder, a file is wanted", path));
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::kIoError, Format("{}: is not a regular file", path));
  }
  size = static_cast<std::size_t>(status.st_size);
  return file;
}

bool WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::string ReadFile(const std::string& path, std::size_t max_bytes) {
  std::size_t size = 0;
  const Descriptor file = OpenRegular(path, size);
  if (size > max_bytes) {
    throw Error(ErrorCode::kDataLoss,
                Format("{}: has {} bytes, at most {} are read", path, size, max_bytes));
  }
  std::string content(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(file.value(), content.data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) FailOn(path, "read", errno);
    if (got == 0) break;  // It shrank since fstat.
    done += static_cast<std::size_t>(got);
  }
  content.resize(done);
  return content;
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  if (std::filesystem::is_directory(path_)) {
    throw Error(ErrorCode::kIoError, Format("{}: is a folder, a file is wanted", path_));
  }
  temporary_ = Format("{}.{}.tmp", path_, ::getpid());
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) Fail("create");
  buffer_.reserve(kBufferBytes);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::Fail(const char* action) const {
  throw Error(ErrorCode::kIoError,
              Format("{}: can't {} the file: {}", path_, action, std::strerror(errno)));
}

void AtomicFile::Write(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) {
    if (!WriteAll(descriptor_, buffer_)) Fail("write");
    buffer_.clear();
  }
  if (bytes.size() >= kBufferBytes) {
    if (!WriteAll(descriptor_, bytes)) Fail("write");
  } else {
    buffer_.append(bytes);
  }
}

void AtomicFile::WriteAt(std::uint64_t offset, std::string_view bytes) {
  if (!WriteAll(descriptor_, buffer_)) Fail("write");
  buffer_.clear();
  const auto at = static_cast<off_t>(offset);
  if (::pwrite(descriptor_, bytes.data(), bytes.size(), at) != static_cast<ssize_t>(bytes.size())) {
    Fail("write");
  }
}

void AtomicFile::Commit() {
  if (!WriteAll(descriptor_, buffer_)) Fail("write");
  buffer_.clear();
  if (::fsync(descriptor_) != 0) Fail("flush");
  ::close(std::exchange(descriptor_, -1));
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary_.c_str());
    errno = error;
    Fail("rename");
  }
  const auto folder = std::filesystem::path(path_).parent_path();
  const Descriptor parent(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.value() >= 0) ::fsync(parent.value());  // Not every file system can; the data is safe.
}

MappedFile MappedFile::Open(const std::string& path) {
  std::size_t size = 0;
  const Descriptor file = OpenRegular(path, size);
  if (size == 0) return MappedFile(nullptr, 0);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.value(), 0);
  if (data == MAP_FAILED) FailOn(path, "map", errno);
  return MappedFile(static_cast<const std::byte*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): munmap wants the pointer mmap gave.
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace merle
