// The journal of a long run: what it was asked for, and how far it has come, safely on the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"

namespace merle {

// What decides the bytes of the output, one thing after another: its name in messages, its value.
using RunIdentity = std::vector<std::pair<std::string, std::string>>;

// How far a run has come.
struct Checkpoint {
  std::size_t texts = 0;     // That are done.
  std::uint64_t bytes = 0;   // Of the partial file that they take.
  std::uint64_t input = 0;   // Fingerprint of those texts.
  std::uint64_t output = 0;  // Checksum of those bytes, but those of a header.
  // Stamp of the whole output, which takes its place just after the line that says so; 0 before.
  std::uint64_t whole = 0;

  bool operator==(const Checkpoint&) const = default;
};

// Lines of JSON: the identity, then a checkpoint each. The last whole line counts, so that a
// process may die at any moment.
//   {"merle_journal":2,"run":{"--dim":"all",…}}
//   {"texts":4096,"bytes":262272,"input":"89fdde3a0c7d1f2b","output":"6a1e0c55d6f0a3b4"}
// An empty one says that what stands beside it is Merle's, and nothing is done.
class Journal {
 public:
  struct Content {
    RunIdentity identity;
    Checkpoint last;
    std::uint64_t length = 0;  // Bytes up to the end of the last whole line.
  };

  // What is in the journal at `path`; nothing if there is none, or none with a checkpoint. Throws
  // kDataLoss if it is no journal of this version, kIoError if it can't be read.
  static std::optional<Content> Read(const std::string& path);

  // Whether the file at `path` was begun as a journal, or there is none: else it is not ours.
  static bool MayReplace(const std::string& path);

  // Opens or makes the file, for this process alone. Throws kIoError.
  explicit Journal(std::string path);

  // Deletes the file, for good.
  void Remove();
  // Adds lines behind those that were read; with {}, to none. Throws kIoError.
  void GoOnWith(const Content& content);
  // Writes a line that the loss of power leaves there. Before the first one of a new journal comes
  // the identity. Throws kIoError.
  void Write(const RunIdentity& identity, const Checkpoint& checkpoint);

 private:
  std::string path_;
  Descriptor file_;
  std::uint64_t length_ = 0;
};

}  // namespace merle
