// A file that takes its place when it is whole, and until then survives the process that writes it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/growing_file.h"

namespace merle {

// Opens a file for reading and writing, or makes it, and locks it: a process alone has it until it
// closes it. Throws kIoError if another one has it, or if it is no regular file: a link least of
// all, as it may be somebody's trap.
Descriptor OpenAlone(const std::string& path, mode_t mode);

// `path`.partial while it grows, or beside the file that a link at `path` leads to. What an earlier
// process left there is in it at first: the caller cuts it to what it trusts. Where AtomicFile
// leaves nothing behind, this one stays unless it is removed.
class PartialFile : public GrowingFile {
 public:
  // Opens or makes it, for this process alone. What is at `path` must be a regular file, or
  // nothing: a pipe or device is never replaced. Throws kIoError, also if another process has it
  // open. suffix: in the place of ".partial".
  explicit PartialFile(const std::string& path, std::string_view suffix = ".partial");

  // StampOf the file as it is now, which it keeps as long as nothing is written.
  std::uint64_t Stamp() const;
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
