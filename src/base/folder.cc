#include "base/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/fast_checksum.h"
#include "base/file.h"
#include "base/format.h"
#include "base/quote.h"
#include "base/wrong_file.h"

namespace merle {
namespace fs = std::filesystem;
namespace {

constexpr int kMostLinks = 40;  // As Linux.
constexpr std::size_t kMostNameBytes = 1024;
constexpr std::size_t kMostPartBytes = 255;   // Linux's NAME_MAX.
constexpr std::size_t kMostLinkBytes = 4096;  // And PATH_MAX.
constexpr int kFolderFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;

// The parts of a path, last first.
std::vector<std::string> PartsBackwards(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    parts.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

// Goes up from the folder `place` to the models--org--name of a cache that it is in, and returns
// the names on the way, outermost first: {"snapshots", "<commit>", …}. Empty if it is in none.
std::vector<std::string> LeaveSnapshot(fs::path& place) {
  std::vector<std::string> names;
  for (fs::path up = place; up.has_relative_path(); up = up.parent_path()) {
    if (names.size() >= 2 && names.back() == "snapshots" &&
        up.filename().string().starts_with("models--")) {
      std::reverse(names.begin(), names.end());
      place = up;
      return names;
    }
    names.push_back(up.filename().string());
  }
  return {};
}

Descriptor OpenFolder(int from, const std::string& name, const std::string& path) {
  Descriptor folder(::openat(from, name.c_str(), kFolderFlags));
  if (folder.value() < 0) FailOnFile(path, "open the folder", errno);
  return folder;
}

void AddBytes(const RandomAccessFile& file, FastChecksum& sum) {
  std::vector<char> block(1 << 20);
  for (std::uint64_t at = 0; at < file.size(); at += block.size()) {
    block.resize(std::min<std::uint64_t>(block.size(), file.size() - at));
    file.ReadAt(at, std::as_writable_bytes(std::span(block)));
    sum.Add({block.data(), block.size()});
  }
}

bool IsMissing(int error) { return error == ENOENT || error == ENOTDIR; }

}  // namespace

std::optional<std::string_view> ProblemOfName(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > kMostNameBytes) return "is too long";
  if (name.front() == '/') return "is an absolute path";
  if (name.find('\\') != name.npos) return "has a backslash";
  if (Escaped(name) != name) return "has characters that don't print";
  for (const std::string& part : PartsBackwards(name)) {
    if (part.empty() || part == ".") return "has an empty part";
    if (part == "..") return "climbs out of it";
    if (part.size() > kMostPartBytes) return "is too long";
  }
  return std::nullopt;
}

// The folders from the outermost that a link may pass through to the model's own: one, or three or
// more in a Hugging Face cache.
struct Folder::Root {
  std::vector<Descriptor> folders;
  std::vector<std::string> names;  // Of all but the first: {"snapshots", "<commit>", …}.

  mutable std::mutex mutex;
  mutable std::map<std::string, std::uint64_t> opened;  // Stamps of the files, by name.

  // Whether the model may use the files of `place`, the names below the outermost folder.
  bool Allows(const std::vector<std::string>& place) const {
    const bool inside =
        place.size() >= names.size() && std::equal(names.begin(), names.end(), place.begin());
    return inside || (!names.empty() && !place.empty() && place.front() == "blobs");
  }
};

// Goes from a model's folder to a file, folder by folder.
class Folder::Walk {
 public:
  // `path` stands in messages. Both must outlive the walk.
  Walk(const Root& root, const std::string& path) : root_(root), path_(path), place_(root.names) {
    for (const Descriptor& folder : root.folders) stack_.push_back(folder.value());
  }

  // Opens what `name` leads to from here; nothing if it is not there.
  std::optional<Descriptor> Open(std::string_view name) {
    std::vector<std::string> parts = PartsBackwards(name);
    for (int links = 0; !parts.empty();) {
      const std::string part = std::exchange(parts.back(), {});
      parts.pop_back();
      if (part.empty() || part == ".") continue;  // These three come from links only.
      if (part == "..") {
        Up();
        continue;
      }
      struct stat status{};
      if (::fstatat(stack_.back(), part.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (!IsMissing(errno)) FailOnFile(path_, "open", errno);
        if (links > 0) Fail("is a link to nothing");
        return std::nullopt;
      }
      if (S_ISLNK(status.st_mode)) {
        if (++links > kMostLinks) Fail("is a link to a link and so on without end");
        std::ranges::move(PartsBackwards(LinkTarget(part)), std::back_inserter(parts));
      } else if (parts.empty()) {
        return OpenFile(part, status.st_mode);
      } else if (!Down(part)) {
        return std::nullopt;
      }
    }
    FailOnFolder();
  }

 private:
  [[noreturn]] void Fail(std::string_view problem) const {
    throw Error(ErrorCode::kDataLoss, Format("{}: {}", path_, problem));
  }

  [[noreturn]] void FailOnFolder() const {
    throw Error(ErrorCode::kIoError, Format("{}: is a folder, a file is wanted", path_));
  }

  void Up() {
    if (place_.empty()) Fail("is a link that leads out of the model's folder");
    stack_.pop_back();
    place_.pop_back();
  }

  // Returns false if `part` is no folder.
  bool Down(const std::string& part) {
    opened_.emplace_back(::openat(stack_.back(), part.c_str(), kFolderFlags | O_NOFOLLOW));
    if (opened_.back().value() < 0) {
      if (!IsMissing(errno)) FailOnFile(path_, "open", errno);
      return false;
    }
    stack_.push_back(opened_.back().value());
    place_.push_back(part);
    return true;
  }

  std::string LinkTarget(const std::string& part) const {
    char target[kMostLinkBytes];
    const ssize_t size = ::readlinkat(stack_.back(), part.c_str(), target, sizeof target);
    if (size < 0) FailOnFile(path_, "read the link", errno);
    if (size > 0 && target[0] == '/') {
      Fail("is a link to an absolute path, which may lead out of the model's folder");
    }
    return {target, static_cast<std::size_t>(size)};
  }

  Descriptor OpenFile(const std::string& part, mode_t mode) const {
    if (!root_.Allows(place_)) Fail("is a link that leads out of the model's folder");
    if (S_ISDIR(mode)) FailOnFolder();
    if (!S_ISREG(mode)) {  // To open a device may do things.
      throw Error(ErrorCode::kIoError, Format("{}: is not a regular file", path_));
    }
    // O_NONBLOCK: else a pipe that takes its place now would make us wait.
    constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    Descriptor file(::openat(stack_.back(), part.c_str(), kFlags));
    if (file.value() < 0) FailOnFile(path_, "open", errno);
    return file;
  }

  const Root& root_;
  const std::string& path_;
  std::vector<std::string> place_;  // Names from below the outermost folder to where the walk is.
  std::vector<int> stack_;          // Those folders, with the outermost.
  std::vector<Descriptor> opened_;  // Those of them that the walk has opened.
};

Folder::Folder(const std::string& path) : path_(path) {
  Descriptor own(::open(path.c_str(), kFolderFlags));
  if (own.value() < 0) {
    if (!IsMissing(errno)) FailOnFile(path, "open the folder", errno);
    throw Error(ErrorCode::kNotFound, Format("there is no model folder '{}'", path));
  }
  auto root = std::make_shared<Root>();
  std::error_code error;
  fs::path place = fs::canonical(path, error);
  root->names = LeaveSnapshot(place);
  for (std::size_t i = 0; i < root->names.size(); ++i) {
    root->folders.push_back(
        i == 0 ? OpenFolder(AT_FDCWD, place.string(), path)
               : OpenFolder(root->folders.back().value(), root->names[i - 1], path));
  }
  root->folders.push_back(std::move(own));
  root_ = std::move(root);
}

Folder Folder::Below(std::string_view name) const {
  if (name.empty()) return *this;
  Folder below = *this;
  below.below_ = NameFromRoot(name);
  below.path_ = PathOf(name);
  return below;
}

std::string Folder::PathOf(std::string_view name) const { return Format("{}/{}", path_, name); }

std::optional<Descriptor> Folder::Find(std::string_view name) const {
  const std::string path = PathOf(name);
  const std::string from_root = NameFromRoot(name);
  if (const auto problem = ProblemOfName(from_root)) {
    throw Error(ErrorCode::kDataLoss, Format("{}: the name {}", path, *problem));
  }
  return Walk(*root_, path).Open(from_root);
}

std::string Folder::NameFromRoot(std::string_view name) const {
  return below_.empty() ? std::string(name) : Format("{}/{}", below_, name);
}

bool Folder::Has(std::string_view name) const { return Find(name).has_value(); }

RandomAccessFile Folder::Open(std::string_view name) const {
  auto found = Find(name);
  if (!found) FailOnFile(PathOf(name), "open", ENOENT);
  RandomAccessFile file(std::move(*found), PathOf(name));
  if (const auto wrong = RecognizeWrongFile(file.ReadHead(kWrongFileHead))) {
    throw Error(wrong->code, Format("{}: {}", file.path(), wrong->says));
  }
  const std::scoped_lock lock(root_->mutex);
  root_->opened.emplace(NameFromRoot(name), file.Stamp());
  return file;
}

std::string Folder::Read(std::string_view name, std::size_t max_bytes) const {
  return Open(name).ReadAll(max_bytes);
}

std::uint64_t Folder::ChecksumOfOpened() const {
  const auto opened = [&] {
    const std::scoped_lock lock(root_->mutex);
    return root_->opened;
  }();
  Folder root = *this;
  if (!below_.empty()) root.path_.resize(path_.size() - below_.size() - 1);
  root.below_.clear();
  FastChecksum sum;
  for (const auto& [name, stamp] : opened) {
    const RandomAccessFile file = root.Open(name);
    if (file.Stamp() != stamp) {
      throw Error(ErrorCode::kDataLoss,
                  Format("{}: has changed since it was opened; start again", file.path()));
    }
    sum.Add(Format("{} {}\n", name, file.size()));
    AddBytes(file, sum);
  }
  return sum.value();
}

}  // namespace merle
