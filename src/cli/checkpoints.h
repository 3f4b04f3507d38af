// Keeps what a long run has done, so that a run that died goes on where it stopped.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/fingerprint.h"
#include "base/partial_file.h"
#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/journal.h"
#include "documents/record.h"

namespace merle {

// The partial file of an output, and the journal beside it: `path`.partial and .partial.journal.
// Now and then what was written is made durable, then the journal says so. Destroyed before Done,
// it keeps both where there is something to go on with, and else removes them.
class Checkpoints {
 public:
  // Without --resume it starts from nothing. With it, it goes on with what another run has left,
  // if that is there. identity: what must be the same for that; called when it is needed. Throws
  // kInvalidArgument if something else was asked for then, kDataLoss if the partial file is
  // shorter than the journal says, kIoError.
  Checkpoints(const Invocation& invocation, const std::string& path,
              std::function<RunIdentity()> identity);
  ~Checkpoints();
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  PartialFile& file() { return file_; }
  std::size_t texts() const { return now_.texts; }  // That are done, by earlier runs too.

  // Reads the texts that are done off `inputs`. Throws kInvalidArgument if they are others.
  void SkipDone(InputTexts& inputs);

  // These texts are done: all that belongs to them was written to file().
  void Add(std::span<const Record> records);

  // The output is in its place.
  void Done();

 private:
  using Clock = std::chrono::steady_clock;

  void GoOn();
  void StartAgain();
  void Write();
  void KeepWhatIsDone();

  const Invocation& invocation_;
  std::function<RunIdentity()> make_identity_;
  std::optional<RunIdentity> identity_;
  PartialFile file_;
  std::string journal_path_;
  Journal journal_;
  Checkpoint now_;      // What is written.
  Checkpoint durable_;  // What the journal says.
  Fingerprint input_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_;  // When a checkpoint is due.
  bool done_ = false;
};

}  // namespace merle
