#include "hub/cache.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/format.h"
#include "base/log.h"
#include "hub/file_selection.h"
#include "hub/model_name.h"

namespace merle {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxRefBytes = 1024;
constexpr std::string_view kPrefix = "models--";
constexpr const char* kPullLock = "pull.lock";

std::string FolderName(std::string repository) {
  const std::size_t slash = repository.find('/');
  if (slash != repository.npos) repository.replace(slash, 1, "--");
  return std::string(kPrefix) + repository;
}

std::string ReadRef(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > kMaxRefBytes) return {};
  std::string commit = ReadFile(path, kMaxRefBytes);
  while (!commit.empty() && std::isspace(static_cast<unsigned char>(commit.back())) != 0) {
    commit.pop_back();
  }
  return IsCommit(commit) ? commit : std::string();
}

// The names in a folder. With an error they are those that could be read.
std::vector<std::string> NamesIn(const fs::path& folder, std::error_code& error) {
  std::vector<std::string> names;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  return names;
}

std::vector<std::string> NamesIn(const fs::path& folder) {
  std::error_code ignored;
  return NamesIn(folder, ignored);
}

// Whether a model can have this name, on the hub and on the command line.
bool IsModelName(const std::string& name) {
  try {
    ParseModelName(name);
    return name.find('@') == name.npos;
  } catch (const Error&) {
    return false;
  }
}

// The commit in the cache that `revision` is the begin of; nothing where there is none, or several.
std::optional<std::string> FindShortCommit(const CachedRepository& cached,
                                           const std::string& revision) {
  constexpr std::size_t kFewestDigits = 7;  // As git shows them.
  if (revision.size() < kFewestDigits || FileExists(cached.Ref(revision))) return std::nullopt;
  std::optional<std::string> found;
  for (const std::string& commit : NamesIn(cached.folder() + "/snapshots")) {
    if (!IsCommit(commit) || !commit.starts_with(revision)) continue;
    if (found) return std::nullopt;
    found = commit;
  }
  return found;
}

std::uint64_t FolderBytes(const std::string& folder) {
  std::uint64_t bytes = 0;
  for (const ModelFile& file : ListFiles(folder)) bytes += file.bytes;
  return bytes;
}

// The blobs that the links of one snapshot lead to.
std::set<std::string> BlobsOf(const fs::path& snapshot) {
  std::set<std::string> blobs;
  std::error_code error;
  fs::recursive_directory_iterator entry(snapshot, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code no_link;
    const fs::path target = fs::read_symlink(entry->path(), no_link);
    if (!no_link) blobs.insert(target.filename().string());
  }
  return blobs;
}

void RemoveAll(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) {
    throw Error(ErrorCode::kIoError,
                Format("{}: can't be removed: {}", path.string(), error.message()));
  }
}

// The name of a link in the snapshot whose blob has gone; empty if there is none.
std::string DanglingLink(const fs::path& snapshot) {
  std::error_code error;
  fs::recursive_directory_iterator entry(snapshot, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    if (entry->is_symlink(gone) && !entry->exists(gone)) {
      return entry->path().lexically_relative(snapshot).string();
    }
  }
  return {};
}

// Takes all locks of a model, of which another process that fetches it holds one.
std::vector<FileLock> LockForRemoval(const CachedRepository& cached,
                                     const std::string& repository) {
  MakeFolders(cached.LockFolder());
  std::set<std::string> names = {kPullLock};
  for (const std::string& name : NamesIn(cached.LockFolder())) names.insert(name);
  std::vector<FileLock> locks;
  for (const std::string& name : names) {
    if (!name.ends_with(".lock")) continue;
    auto lock = FileLock::TryTake(cached.LockFolder() + "/" + name);
    if (!lock) {
      throw Error(ErrorCode::kUnavailable,
                  Format("{} is being fetched by another process; remove it when that has ended",
                         repository));
    }
    locks.push_back(std::move(*lock));
  }
  return locks;
}

// Removes the refs that lead to one of `commits`, so that nobody finds what is about to go.
void RemoveRefs(const fs::path& refs, const std::set<std::string>& commits) {
  for (const ModelFile& ref : ListFiles(refs.string())) {
    if (commits.contains(ReadRef(refs / ref.name))) RemoveAll(refs / ref.name);
  }
}

}  // namespace

CachedRepository::CachedRepository(const std::string& cache, const std::string& repository)
    : folder_(cache + "/" + FolderName(repository)),
      locks_(cache + "/.locks/" + FolderName(repository)) {}

ModelName NameInCache(const std::string& model, const std::string& cache) {
  ModelName name = ParseModelName(model);
  const std::string given = model.substr(0, model.rfind('@'));
  if (name.repository != given &&
      !FolderExists(CachedRepository(cache, name.repository).folder()) &&
      FolderExists(CachedRepository(cache, given).folder())) {
    name.repository = given;
  }
  if (const auto commit =
          FindShortCommit(CachedRepository(cache, name.repository), name.revision)) {
    name.revision = *commit;
  }
  return name;
}

std::optional<std::string> CachedRepository::FindCommit(const std::string& revision) const {
  std::string commit = IsCommit(revision) ? revision : ReadRef(Ref(revision));
  if (commit.empty()) return std::nullopt;
  return commit;
}

std::vector<ModelFile> ListFiles(const std::string& folder) {
  std::vector<ModelFile> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    if (!entry->is_regular_file(gone)) continue;
    const std::uint64_t bytes = entry->file_size(gone);
    if (!gone) files.push_back({entry->path().lexically_relative(folder).string(), bytes});
  }
  std::ranges::sort(files, {}, &ModelFile::name);
  return files;
}

std::vector<CachedModel> ListModels(const std::string& cache) {
  std::vector<CachedModel> models;
  std::error_code error;
  const std::vector<std::string> folders = NamesIn(cache, error);
  if (error && error != std::errc::no_such_file_or_directory) {
    throw Error(ErrorCode::kIoError,
                Format("the cache {} can't be read: {}", cache, error.message()));
  }
  for (const std::string& folder : folders) {
    if (!folder.starts_with(kPrefix)) continue;
    std::string name = folder.substr(kPrefix.size());
    if (const std::size_t split = name.find("--"); split != name.npos) name.replace(split, 2, "/");
    if (!IsModelName(name)) continue;
    const fs::path snapshots = fs::path(cache) / folder / "snapshots";
    for (const std::string& revision : NamesIn(snapshots)) {
      const std::string path = snapshots / revision;
      if (!IsCommit(revision) || !FolderExists(path)) continue;
      models.push_back({name, revision, path, FolderBytes(path)});
    }
  }
  std::sort(models.begin(), models.end(), [](const CachedModel& a, const CachedModel& b) {
    return std::pair(a.name, a.revision) < std::pair(b.name, b.revision);
  });
  return models;
}

std::string ProblemOfSnapshot(const std::string& snapshot) {
  try {
    std::string missing = MissingPart(snapshot);
    if (missing.empty()) missing = DanglingLink(snapshot);
    return missing.empty() ? "" : "lacks " + missing;
  } catch (const Error& error) {
    return error.what();
  }
}

FileLock LockForPull(const CachedRepository& cached) {
  MakeFolders(cached.LockFolder());
  return {cached.LockFolder() + "/" + kPullLock,
          [] { Log(LogLevel::kWarning, "waiting for another process that removes the model"); },
          FileLock::Kind::kShared};
}

RemovedModel RemoveModel(const std::string& cache, const std::string& repository,
                         const std::string& revision, bool dry_run) {
  const CachedRepository cached(cache, repository);
  const fs::path folder = cached.folder();
  std::set<std::string> remove, keep;
  const auto wanted = revision.empty() ? std::nullopt : cached.FindCommit(revision);
  for (const std::string& commit : NamesIn(folder / "snapshots")) {
    (revision.empty() || commit == wanted ? remove : keep).insert(commit);
  }
  if (remove.empty() && (!revision.empty() || !FolderExists(folder))) {
    throw Error(ErrorCode::kNotFound,
                Format("the model '{}'{} is not in the cache {}", repository,
                       revision.empty() ? "" : Format(" (revision {})", revision), cache));
  }
  std::vector<FileLock> locks;
  if (!dry_run) locks = LockForRemoval(cached, repository);
  RemovedModel removed{.revisions = {remove.begin(), remove.end()}};
  if (keep.empty()) {
    removed.bytes = FolderBytes(folder / "blobs");
    for (const std::string& commit :
         remove) {  // Files that are no links, where links can't be had.
      for (const ModelFile& file : ListFiles(cached.Snapshot(commit))) {
        if (!fs::is_symlink(fs::path(cached.Snapshot(commit)) / file.name)) {
          removed.bytes += file.bytes;
        }
      }
    }
    if (dry_run) return removed;
    RemoveAll(folder / "refs");
    RemoveAll(folder);
    return removed;  // The files of the locks stay: another process may wait for one.
  }
  std::set<std::string> blobs, shared;
  for (const std::string& commit : remove) blobs.merge(BlobsOf(cached.Snapshot(commit)));
  for (const std::string& commit : keep) shared.merge(BlobsOf(cached.Snapshot(commit)));
  if (!dry_run) RemoveRefs(folder / "refs", remove);
  for (const std::string& commit : remove) {
    if (dry_run) continue;
    RemoveAll(cached.Snapshot(commit));
    RemoveAll(folder / ".no_exist" / commit);
  }
  for (const std::string& blob : blobs) {
    std::error_code gone;
    const std::uint64_t bytes = fs::file_size(cached.Blob(blob), gone);
    if (shared.contains(blob) || gone) continue;
    removed.bytes += bytes;
    if (!dry_run) RemoveAll(cached.Blob(blob));
  }
  return removed;
}

}  // namespace merle
