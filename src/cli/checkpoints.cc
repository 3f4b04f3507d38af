#include "cli/checkpoints.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/fast_checksum.h"
#include "base/file.h"
#include "base/fingerprint.h"
#include "base/format.h"
#include "base/partial_file.h"
#include "base/quote.h"
#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/interrupt.h"
#include "cli/journal.h"
#include "cli/output_files.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "documents/record.h"

namespace merle {
namespace {

// Who didn't ask for --resume and stops a run that is this young wants nothing kept.
constexpr std::chrono::seconds kBeforeFirst(10);
// A death costs a twentieth of the work, within these; and checkpoints cost a fiftieth of the time.
constexpr std::chrono::milliseconds kLeastBetween(100);
constexpr std::chrono::seconds kMostBetween(10);
constexpr std::size_t kReadBytes = 1 << 20;

void Add(const Record& record, Fingerprint& input) {
  for (const std::string* part : {&record.id, &record.text}) {
    input.Add(std::uint64_t{part->size()});
    input.Add(*part);
  }
  input.Add(std::uint64_t{record.row});
}

// "--on-long error" may become "cut": none of the texts that are done was too long.
bool MayChange(const std::string& name, const std::string& was, const std::string& is) {
  return was == is || (name == "--on-long" && was == "error" && is == "cut");
}

void CheckIdentity(const std::string& path, const RunIdentity& then, const RunIdentity& now) {
  for (const auto& [name, is] : now) {
    const auto found = std::ranges::find(then, name, &RunIdentity::value_type::first);
    const std::string was = found == then.end() ? "not known" : found->second;
    if (MayChange(name, was, is)) continue;
    throw Error(ErrorCode::kInvalidArgument,
                Format("{}: can't go on, {} was {}, now it is {}; repeat the command as it was, or "
                       "leave --resume out to start again",
                       path, name, Quoted(was), Quoted(is)));
  }
}

bool HasBytes(const std::string& path) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(path, error);
  return !error && bytes > 0;
}

// Whether an earlier run has left something. Throws for what stands there from anybody else: a run
// makes its journal first, even an empty one.
bool FindLeftovers(const OutputFiles& files) {
  const auto refuse = [](const std::string& path, std::string_view problem) {
    throw Error(ErrorCode::kFailedPrecondition,
                Format("{}: would be overwritten, and {}; delete or rename it, or write to another "
                       "file",
                       path, problem));
  };
  if (!Journal::MayReplace(files.journal)) refuse(files.journal, "is no journal of merle");
  if (FileExists(files.journal)) return true;
  for (const std::string* path : {&files.partial, &files.whole}) {
    if (HasBytes(*path)) refuse(*path, "no journal beside it says that merle left it there");
  }
  return false;
}

// Of the file at `path`; 0 if there is none.
std::uint64_t StampOfFile(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? StampOf(status) : 0;
}

}  // namespace

Checkpoints::Checkpoints(const Invocation& invocation, const std::string& path,
                         std::uint64_t header_bytes, std::function<RunIdentity()> identity)
    : invocation_(invocation),
      make_identity_(std::move(identity)),
      files_(path),
      left_over_(FindLeftovers(files_)),
      file_(path),
      journal_(files_.journal),
      added_(header_bytes) {
  const bool resume = invocation.options.resume;
  try {
    resume ? GoOn() : StartAgain();
  } catch (...) {
    if (file_.size() == 0) file_.Remove();
    throw;
  }
  next_ = start_ + (resume ? Clock::duration(kLeastBetween) : kBeforeFirst);
}

Checkpoints::~Checkpoints() {
  if (!done_) KeepWhatIsDone();
}

void Checkpoints::GoOn() {
  const auto content = Journal::Read(files_.journal);
  // A journal beside no file, or an empty one, is that of an output that has taken its place.
  finished_ = content && file_.size() == 0 && content->last.whole != 0 &&
              content->last.whole == StampOfFile(files_.target);
  if (!content || (file_.size() == 0 && !finished_)) return StartAgain();
  identity_ = make_identity_();
  CheckIdentity(finished_ ? files_.target : files_.partial, content->identity, *identity_);
  durable_ = content->last;
  if (finished_) return;
  CheckBytes(durable_);
  file_.Cut(durable_.bytes);
  journal_.GoOnWith(*content);
}

void Checkpoints::CheckBytes(const Checkpoint& checkpoint) {
  const std::string& path = files_.partial;
  if (checkpoint.bytes > file_.size()) {
    throw Error(ErrorCode::kDataLoss,
                Format("{}: has {} bytes, its journal says {}; leave --resume out to start again",
                       path, file_.size(), checkpoint.bytes));
  }
  {
    Progress progress(invocation_, "checking", checkpoint.bytes, HumanBytes);
    for (std::uint64_t at = 0; at < checkpoint.bytes; at += kReadBytes) {
      ThrowIfInterrupted();
      AddBytes(std::min(at + kReadBytes, checkpoint.bytes));
      progress.Update(at);
    }
  }
  if (output_.value() == checkpoint.output) return;
  throw Error(ErrorCode::kDataLoss,
              Format("{}: its first {} bytes are not what was written; leave --resume out to start "
                     "again",
                     path, checkpoint.bytes));
}

// Reads what was written back, which is still in memory unless another run wrote it.
void Checkpoints::AddBytes(std::uint64_t end) {
  std::string block;
  for (; added_ < end; added_ += block.size()) {
    block.resize(std::min<std::uint64_t>(end - added_, kReadBytes));
    file_.ReadAt(added_, block);
    output_.Add(block);
  }
}

void Checkpoints::StartAgain() {
  if (!invocation_.options.resume && file_.size() > 0 && HasBytes(files_.journal)) {
    invocation_.Say(Format("{} of an interrupted run is replaced (--resume would go on with it)",
                           OneLine(files_.partial)));
  }
  if (!left_over_ && file_.size() == 0) return;
  journal_.GoOnWith({});  // First: it must never speak of another file.
  ::unlink(files_.whole.c_str());
  file_.Cut(0);
}

void Checkpoints::SkipDone(InputTexts& inputs) {
  if (durable_.texts == 0) return;
  {
    Progress progress(invocation_, "reading", durable_.texts);
    for (std::size_t texts = 0; texts < durable_.texts; ++texts) {
      const auto record = inputs.Next();
      if (!record) break;
      merle::Add(*record, input_);
      progress.Update(texts);
    }
  }
  ThrowIfInterrupted();  // It ends standard input, perhaps within a text.
  if (input_.value() != durable_.input) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("{}: can't go on, its first {} texts are not those of this input; leave "
                       "--resume out to start again",
                       finished_ ? files_.target : files_.partial, durable_.texts));
  }
  if (finished_) return CheckFinished(inputs);
  invocation_.Say(Format("going on behind {} texts that are done", WithCommas(durable_.texts)));
  now_ = durable_;
  now_.whole = 0;
}

void Checkpoints::CheckFinished(InputTexts& inputs) {
  if (inputs.Next()) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("{}: is finished with {} texts, and this input has more; leave --resume out "
                       "to start again",
                       files_.target, durable_.texts));
  }
  invocation_.Say(Format("{} is finished already, with {} texts", OneLine(files_.target),
                         WithCommas(durable_.texts)));
  file_.Remove();
  Done();
}

void Checkpoints::Add(std::span<const Record> records) {
  AddBytes(file_.size());  // First: it may fail.
  for (const Record& record : records) merle::Add(record, input_);
  now_.texts += records.size();
  now_.bytes = file_.size();
  now_.output = output_.value();
  now_.input = input_.value();
  if (Clock::now() >= next_) Write();
}

void Checkpoints::Write() {
  const Clock::time_point begin = Clock::now();
  file_.Sync();
  if (!identity_) identity_ = make_identity_();
  journal_.Write(*identity_, now_);
  durable_ = now_;
  const Clock::time_point end = Clock::now();
  next_ = end + std::max(50 * (end - begin), std::clamp<Clock::duration>(
                                                 (end - start_) / 20, kLeastBetween, kMostBetween));
}

// Called when something else has failed, which is told after it.
void Checkpoints::KeepWhatIsDone() {
  if (finished_) return file_.Remove();
  if (now_.texts < durable_.texts) return;  // It stopped while it read what is done.
  const bool wanted = durable_.texts > 0 || invocation_.options.resume;
  try {
    if (wanted && now_.texts > durable_.texts) Write();
  } catch (const std::exception& error) {  // As on a full disk: the checkpoint before it counts.
    invocation_.SayIfVerbose(error.what());
  }
  if (durable_.texts == 0) {
    file_.Remove();
    journal_.Remove();  // Last: without it, the file would be anybody's.
    return;
  }
  invocation_.Say(Format("{} texts are kept in {}; the same command with --resume goes on",
                         WithCommas(durable_.texts), OneLine(files_.partial)));
}

void Checkpoints::Commit(PartialFile& whole) {
  if (durable_.texts > 0) {  // A short run is not worth a line.
    whole.Sync();
    now_.whole = whole.Stamp();
    Write();
  }
  whole.Commit();
}

void Checkpoints::Done() {
  done_ = true;
  journal_.Remove();
}

}  // namespace merle
