// A file that takes its place when it is whole, and until then survives the process that writes it.
#pragma once

#include <string>
#include <string_view>

#include "base/growing_file.h"

namespace merle {

// `path`.partial while it grows, or beside the file that a link at `path` leads to. What an earlier
// process left there is in it at first: the caller cuts it to what it trusts. Where AtomicFile
// leaves nothing behind, this one stays unless it is removed.
class PartialFile : public GrowingFile {
 public:
  // Opens or makes it, for this process alone. What is at `path` must be a regular file, or
  // nothing: a pipe or device is never replaced. Throws kIoError, also if another process has it
  // open. suffix: in the place of ".partial".
  explicit PartialFile(const std::string& path, std::string_view suffix = ".partial");

  // Syncs, renames it over `path`, whose permissions it takes, and syncs the folder. The last call.
  void Commit();
  // Deletes it. The last call.
  void Remove();

  const std::string& partial_path() const { return partial_; }

 private:
  std::string target_;   // Where `path` leads to through all links.
  std::string partial_;  // Its name until then.
};

}  // namespace merle
