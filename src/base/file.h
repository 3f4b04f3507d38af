// Files: bounded reading, whole or at any place, and writing that leaves the old file or the new.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/descriptor.h"

namespace merle {

// Whether something is there that is no folder, or a folder. Links are followed. What can't be
// looked at, as behind a closed folder or under a name that is too long, is not there.
bool FileExists(const std::string& path) noexcept;
bool FolderExists(const std::string& path) noexcept;

// Makes a folder and those above it, as far as they are missing. Throws kIoError if it can't.
void MakeFolders(const std::string& path);

// Reads a regular file. Throws kNotFound if there is none, kDataLoss if it is larger than
// `max_bytes`, kIoError if it can't be read or is a folder.
std::string ReadFile(const std::string& path, std::size_t max_bytes);

// Opens a file for reading, with `more_flags` of open(2), and returns its descriptor, which is the
// caller's to close. Throws kNotFound if there is none, kIoError if it can't be opened or is a
// folder.
int OpenForReading(const std::string& path, int more_flags = 0);

// Writes all of `bytes`, however many calls that takes. Returns false, and why in errno, if it
// can't.
bool WriteAll(int descriptor, std::string_view bytes);

// Where `path` leads to through symbolic links, even if nothing is there yet.
std::string FollowLinks(std::string path);

// The permissions of the regular file at `path`; nothing where there is none. Throws kIoError for a
// folder, pipe or device, which no file may replace.
std::optional<mode_t> ModeOfReplaced(const std::string& path);

// A number that tells a file from others, and from itself after its bytes have changed: of its
// inode, size and time of modification. It survives another name, owner or mode, but no copy.
std::uint64_t StampOf(const struct stat& status);

// Makes sure that what was renamed or deleted in the folder of `path` stays so without power, on
// file systems that can.
void SyncFolderOf(const std::string& path) noexcept;

// Throws what a failed call means, "path: can't open: No such file or directory": kNotFound if
// `error`, an errno, says that there is no such file, else kIoError.
[[noreturn]] void FailOnFile(const std::string& path, std::string_view action, int error);

// A file that is written under another name beside `path` and takes its place at Commit, or that
// of the file which a link there leads to. When it is destroyed without Commit, nothing of it
// stays. Throws kIoError with the path and the cause.
class AtomicFile {
 public:
  // What is there must be a regular file, or nothing: a pipe or device is never replaced.
  // `temporary_folder`: where the bytes stand until Commit, on the same file system; a process that
  // is killed leaves them there. Empty: beside `path`.
  explicit AtomicFile(const std::string& path, const std::string& temporary_folder = {});
  // One that only this user may read and write, whatever was at `path` before. A link there is
  // replaced itself.
  static AtomicFile ForThisUser(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void Write(std::string_view bytes);
  // Overwrites bytes that are already written, such as a header whose counts were not yet known.
  void WriteAt(std::uint64_t offset, std::string_view bytes);
  // Flushes, calls fsync, renames over `path`, calls fsync on the folder.
  void Commit();
  // Flushes and renames: after a crash of the machine the file may be there with any content. For
  // what can be made again, and carries its own checksum.
  void CommitWithoutSync();

 private:
  // mode: exactly these permissions; nothing: what the umask leaves.
  AtomicFile(std::string path, std::string target, const std::string& temporary_folder,
             std::optional<mode_t> mode);
  [[noreturn]] void Fail(const char* action) const;
  void Flush();
  void Rename();

  std::string path_;
  std::string target_;  // Where path_ leads to through all links.
  std::string temporary_;
  int descriptor_ = -1;
  std::string buffer_;
};

// An open regular file of the size that it had when it was opened. What happens to it afterwards
// shows as an error of a read, never as a signal: so files are read, not mapped
// (docs/decisions/0003). const methods may run in several threads at once.
class RandomAccessFile {
 public:
  // Opens a file that the user named; links are followed. Throws as ReadFile does.
  static RandomAccessFile Open(const std::string& path);

  // Takes an open file, opened with O_NONBLOCK in case it is a pipe. `path` stands in messages.
  // Throws kIoError if it is no regular file.
  RandomAccessFile(Descriptor descriptor, std::string path);

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }  // Bytes.

  // Reads out.size() bytes from byte `offset` on. Throws kDataLoss if the file ends before that.
  void ReadAt(std::uint64_t offset, std::span<std::byte> out) const;
  // Its first bytes, at most `most`.
  std::string ReadHead(std::size_t most) const;
  // All of it. Throws kDataLoss if it has more than `max_bytes`.
  std::string ReadAll(std::size_t max_bytes) const;
  // The device, inode, size and times of change, in one line: another after each change, if there
  // is more than a tick of the file system's clock between them.
  std::string Identity() const;
  std::uint64_t Stamp() const;  // StampOf it.
  // Whether the file was written to, or its name or rights changed, in the last `seconds`.
  bool ChangedInTheLast(int seconds) const;
  // Throws kDataLoss if the file was written to since it was opened: for who reads it bit by bit,
  // and would mix two contents into one that is neither.
  void ThrowIfChanged() const;

 private:
  std::string path_;
  Descriptor descriptor_;
  std::uint64_t size_ = 0;
  timespec modified_{};  // When it was opened.
};

}  // namespace merle
