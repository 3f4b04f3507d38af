#include "cli/journal.h"

#include <fcntl.h>
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

#include "base/descriptor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/json_writer.h"

namespace merle {
namespace {

constexpr int kVersion = 1;
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
  json.Key("input").Value(Format("{:016x}", checkpoint.input)).EndObject();
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

// Nothing for a line that the death of a process or of the machine has spoilt.
std::optional<Checkpoint> ParseCheckpoint(std::string_view line) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  try {
    const JsonDocument document = JsonDocument::Parse(line, "checkpoint");
    Checkpoint checkpoint;
    checkpoint.texts = static_cast<std::size_t>(document.root().At("texts").AsInteger(1, kMost));
    checkpoint.bytes = static_cast<std::uint64_t>(document.root().At("bytes").AsInteger(1, kMost));
    const std::string digits(document.root().At("input").AsString());
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, checkpoint.input, 16);
    if (error != std::errc() || stop != end) return std::nullopt;
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

void Journal::Remove() {
  if (::unlink(path_.c_str()) == 0) SyncFolderOf(path_);
}

void Journal::Write(const RunIdentity& identity, const Checkpoint& checkpoint) {
  const bool opens = file_.value() < 0;
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  if (opens) file_ = Descriptor(::open(path_.c_str(), flags, 0666));
  if (file_.value() < 0) FailOnFile(path_, "create", errno);
  // What stands behind the last whole line goes.
  const auto end = static_cast<off_t>(length_);
  if (opens && ::ftruncate(file_.value(), end) != 0) FailOnFile(path_, "cut", errno);
  if (::lseek(file_.value(), end, SEEK_SET) < 0) FailOnFile(path_, "write", errno);
  const std::string lines =
      (length_ == 0 ? IdentityLine(identity) : std::string()) + CheckpointLine(checkpoint);
  if (!WriteAll(file_.value(), lines)) FailOnFile(path_, "write", errno);
  if (::fsync(file_.value()) != 0) FailOnFile(path_, "flush", errno);
  if (opens) SyncFolderOf(path_);
  length_ += lines.size();
}

}  // namespace merle
