// Keeps what a long run has done, so that a run that died goes on where it stopped.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/fast_checksum.h"
#include "base/fingerprint.h"
#include "base/partial_file.h"
#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/journal.h"
#include "cli/output_files.h"
#include "documents/record.h"

namespace merle {

// The partial file of an output, and the journal beside it: `path`.partial and .partial.journal.
// Now and then what was written is made durable, then the journal says so. Destroyed before Done,
// it keeps both where there is something to go on with, and else removes them.
class Checkpoints {
 public:
  // Without --resume it starts from nothing. With it, it goes on with what another run has left,
  // if that is there. header_bytes: at the begin of file(), which may change. identity: what must
  // be the same for going on; called when it is needed. Throws kInvalidArgument if something else
  // was asked for then, kDataLoss if the partial file is not what the journal says,
  // kFailedPrecondition if no run has left what stands in its place, kIoError.
  Checkpoints(const Invocation& invocation, const std::string& path, std::uint64_t header_bytes,
              std::function<RunIdentity()> identity);
  ~Checkpoints();
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  PartialFile& file() { return file_; }
  std::size_t texts() const { return now_.texts; }  // That are done, by earlier runs too.

  // Reads the texts that are done off `inputs`. Throws kInvalidArgument if they are others, or more
  // than those of an output that is finished.
  void SkipDone(InputTexts& inputs);

  // Whether the run before has died after its output took its place: nothing is left to do.
  bool finished() const { return finished_; }

  // These texts are done: all that belongs to them was written to file().
  void Add(std::span<const Record> records);

  // Puts `whole`, the output, in its place: file(), or another one made of it.
  void Commit(PartialFile& whole);

  // The output is in its place, and file() is gone.
  void Done();

 private:
  using Clock = std::chrono::steady_clock;

  void GoOn();
  void StartAgain();
  void CheckBytes(const Checkpoint& checkpoint);
  void AddBytes(std::uint64_t end);
  void CheckFinished(InputTexts& inputs);
  void Write();
  void KeepWhatIsDone();

  const Invocation& invocation_;
  std::function<RunIdentity()> make_identity_;
  std::optional<RunIdentity> identity_;
  OutputFiles files_;
  bool left_over_;  // Whether an earlier run has left something.
  PartialFile file_;
  Journal journal_;
  Checkpoint now_;      // What is written.
  Checkpoint durable_;  // What the journal says.
  Fingerprint input_;
  FastChecksum output_;
  std::uint64_t added_;  // The bytes of file_ before it are in output_.
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_;  // When a checkpoint is due.
  bool finished_ = false;
  bool done_ = false;
};

}  // namespace merle
