#include "cli/journal.h"

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "base/partial_file.h"

namespace merle {
namespace {

constexpr int kVersion = 2;
constexpr std::string_view kBegin = "{\"merle_journal\":";
constexpr std::size_t kMaxBytes = 256u << 20;  // A line a second for a month.

std::string IdentityLine(const RunIdentity& identity) {
  JsonWriter json;
  json.BeginObject().Key("merle_journal").Value(kVersion).Key("run").BeginObject();
  for (const auto& [name, value] : identity) json.Key(name).Value(value);
  json.EndObject().EndObject();
  return json.text() + "\n";
}

std::string CheckpointLine(const Checkpoint& checkpoint) {
  JsonWriter json;
  json.BeginObject().Key("texts").Value(checkpoint.texts).Key("bytes").Value(checkpoint.bytes);
  json.Key("input").Value(Format("{:016x}", checkpoint.input));
  json.Key("output").Value(Format("{:016x}", checkpoint.output));
  if (checkpoint.whole != 0) json.Key("whole").Value(Format("{:016x}", checkpoint.whole));
  json.EndObject();
  return json.text() + "\n";
}

RunIdentity ParseIdentity(std::string_view line, const std::string& path) {
  try {
    RunIdentity identity;
    const JsonDocument document = JsonDocument::Parse(line, path);
    document.root().At("merle_journal").AsInteger(kVersion, kVersion);
    document.root().At("run").ForEachMember([&](std::string_view name, const JsonValue& value) {
      identity.emplace_back(name, value.AsString());
    });
    return identity;
  } catch (const Error&) {
    throw Error(ErrorCode::kDataLoss,
                Format("{}: is no journal of this version of merle; leave --resume out to start "
                       "again",
                       path));
  }
}

std::uint64_t ParseDigits(const JsonValue& value) {
  const std::string digits(value.AsString());
  const char* const end = digits.data() + digits.size();
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(digits.data(), end, number, 16);
  if (error != std::errc() || stop != end) value.Fail("must be a hexadecimal number");
  return number;
}

// Nothing for a line that the death of a process or of the machine has spoilt.
std::optional<Checkpoint> ParseCheckpoint(std::string_view line) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  try {
    const JsonDocument document = JsonDocument::Parse(line, "checkpoint");
    Checkpoint checkpoint;
    checkpoint.texts = static_cast<std::size_t>(document.root().At("texts").AsInteger(1, kMost));
    checkpoint.bytes = static_cast<std::uint64_t>(document.root().At("bytes").AsInteger(1, kMost));
    checkpoint.input = ParseDigits(document.root().At("input"));
    checkpoint.output = ParseDigits(document.root().At("output"));
    if (const auto whole = document.root().Find("whole")) checkpoint.whole = ParseDigits(*whole);
    return checkpoint;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<Journal::Content> Journal::Read(const std::string& path) {
  if (!FileExists(path)) return std::nullopt;
  const std::string text = ReadFile(path, kMaxBytes);
  const std::size_t first_end = text.find('\n');
  if (first_end == std::string::npos) return std::nullopt;
  Content content;
  content.identity = ParseIdentity(std::string_view(text).substr(0, first_end), path);
  for (std::size_t end = text.rfind('\n'); end > first_end;) {
    const std::size_t begin = text.rfind('\n', end - 1) + 1;
    if (const auto last = ParseCheckpoint(std::string_view(text).substr(begin, end - begin))) {
      content.last = *last;
      content.length = end + 1;
      return content;
    }
    end = begin - 1;
  }
  return std::nullopt;
}

bool Journal::MayReplace(const std::string& path) {
  if (!FileExists(path)) return true;
  const std::string head = RandomAccessFile::Open(path).ReadHead(kBegin.size());
  // The loss of power may leave a part of it, and zeros.
  return kBegin.starts_with(head.substr(0, head.find_last_not_of('\0') + 1));
}

Journal::Journal(std::string path) : path_(std::move(path)), file_(OpenAlone(path_, 0666)) {}

void Journal::Remove() {
  // One without lines may come back without power: it says nothing.
  if (::unlink(path_.c_str()) == 0 && length_ > 0) SyncFolderOf(path_);
}

void Journal::GoOnWith(const Content& content) {
  length_ = content.length;
  // What it said of another file must be gone before that is written.
  if (::ftruncate(file_.value(), static_cast<off_t>(length_)) != 0 || ::fsync(file_.value()) != 0) {
    FailOnFile(path_, "cut", errno);
  }
}

void Journal::Write(const RunIdentity& identity, const Checkpoint& checkpoint) {
  const bool is_first = length_ == 0;
  const std::string lines =
      (is_first ? IdentityLine(identity) : std::string()) + CheckpointLine(checkpoint);
  const auto end = static_cast<off_t>(length_);  // Of the last whole line: a write may have failed.
  if (::ftruncate(file_.value(), end) != 0 || ::lseek(file_.value(), end, SEEK_SET) < 0 ||
      !WriteAll(file_.value(), lines)) {
    FailOnFile(path_, "write", errno);
  }
  if (::fsync(file_.value()) != 0) FailOnFile(path_, "flush", errno);
  if (is_first) SyncFolderOf(path_);
  length_ += lines.size();
}

}  // namespace merle
