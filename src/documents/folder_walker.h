// The text files of a folder and of the folders in it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace merle {

// What a walk left out, counted. A folder that is left out counts once.
struct SkippedFiles {
  std::size_t hidden = 0;      // Name starts with a dot.
  std::size_t binary = 0;      // A zero byte in the first 8 KB.
  std::size_t not_utf8 = 0;    // Else a text it seems, but in another encoding, such as UTF-16.
  std::size_t links = 0;       // Symbolic links: they may lead outside or in a circle.
  std::size_t special = 0;     // Pipes, sockets, devices.
  std::size_t unreadable = 0;  // No permission, or gone since.

  std::string first_not_utf8;  // Path of the first of these.

  std::size_t total() const { return hidden + binary + not_utf8 + links + special + unreadable; }
};

// Gives the paths of the text files below a folder, each folder's entries in the order of their
// names' bytes. Reads one folder at a time and each file once, to see if it is text.
class FolderWalker {
 public:
  // Throws kNotFound if there is no such folder, kIoError if it can't be read.
  explicit FolderWalker(const std::string& folder);

  // The next file, or nothing after the last.
  std::optional<std::string> Next();

  const SkippedFiles& skipped() const { return skipped_; }

 private:
  std::error_code Enter(const std::string& folder);
  bool Visit(const std::string& path);  // Returns true for a text file.
  bool IsReadableText(const std::string& path);

  std::vector<std::string> pending_;  // Entries to visit, next one last.
  SkippedFiles skipped_;
};

}  // namespace merle
