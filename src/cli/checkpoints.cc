#include "cli/checkpoints.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/fingerprint.h"
#include "base/format.h"
#include "base/quote.h"
#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/interrupt.h"
#include "cli/journal.h"
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

}  // namespace

Checkpoints::Checkpoints(const Invocation& invocation, const std::string& path,
                         std::function<RunIdentity()> identity)
    : invocation_(invocation),
      make_identity_(std::move(identity)),
      file_(path),
      journal_path_(file_.partial_path() + ".journal"),
      journal_(journal_path_) {
  const bool resume = invocation.options.resume;
  resume ? GoOn() : StartAgain();
  next_ = start_ + (resume ? Clock::duration(kLeastBetween) : kBeforeFirst);
}

Checkpoints::~Checkpoints() {
  if (!done_) KeepWhatIsDone();
}

void Checkpoints::GoOn() {
  const auto content = Journal::Read(journal_path_);
  // A journal beside no file, or an empty one: that of an output that has taken its place.
  if (!content || file_.size() == 0) return StartAgain();
  const std::string& path = file_.partial_path();
  identity_ = make_identity_();
  CheckIdentity(path, content->identity, *identity_);
  if (content->last.bytes > file_.size()) {
    throw Error(ErrorCode::kDataLoss,
                Format("{}: has {} bytes, its journal says {}; leave --resume out to start again",
                       path, file_.size(), content->last.bytes));
  }
  file_.Cut(content->last.bytes);
  journal_.GoOnWith(*content);
  durable_ = content->last;
}

void Checkpoints::StartAgain() {
  if (!invocation_.options.resume && FileExists(journal_path_)) {
    invocation_.Say(Format("{} of an interrupted run is replaced (--resume would go on with it)",
                           OneLine(file_.partial_path())));
  }
  journal_.Remove();  // First: it must never speak of another file.
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
                       file_.partial_path(), durable_.texts));
  }
  invocation_.Say(Format("going on behind {} texts that are done", WithCommas(durable_.texts)));
  now_ = durable_;
}

void Checkpoints::Add(std::span<const Record> records) {
  for (const Record& record : records) merle::Add(record, input_);
  now_.texts += records.size();
  now_.bytes = file_.size();
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
  if (now_.texts < durable_.texts) return;  // It stopped while it read what is done.
  const bool wanted = durable_.texts > 0 || invocation_.options.resume;
  try {
    if (wanted && now_.texts > durable_.texts) Write();
  } catch (const std::exception& error) {  // As on a full disk: the checkpoint before it counts.
    invocation_.SayIfVerbose(error.what());
  }
  if (durable_.texts == 0) {
    journal_.Remove();
    file_.Remove();
    return;
  }
  invocation_.Say(Format("{} texts are kept in {}; the same command with --resume goes on",
                         WithCommas(durable_.texts), OneLine(file_.partial_path())));
}

void Checkpoints::Done() {
  done_ = true;
  journal_.Remove();
}

}  // namespace merle
