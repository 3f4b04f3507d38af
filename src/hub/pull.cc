#include "hub/pull.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/checked.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/format.h"
#include "base/log.h"
#include "hub/blob.h"
#include "hub/cache.h"
#include "hub/file_selection.h"
#include "hub/hub_client.h"
#include "hub/hub_options.h"
#include "hub/model_name.h"

namespace merle {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxModulesBytes = 1u << 20;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 60;  // Of all files of a model.
constexpr std::uint64_t kSpareBytes = 16u << 20;  // Room that a pull leaves on the disk.

// Free bytes where `folder` is, or will be.
std::optional<std::uint64_t> FreeBytes(fs::path folder) {
  while (true) {
    std::error_code error;
    const fs::space_info space = fs::space(folder, error);
    if (!error) return space.available;
    if (!folder.has_relative_path()) return std::nullopt;
    folder = folder.parent_path();
  }
}

// Writes a file whole. Until then it stands among the locks: other programs list refs/, .no_exist/
// and the cache, and take what a kill leaves there for a fault.
void WriteFile(const CachedRepository& cached, const std::string& path, std::string_view content) {
  MakeFolders(fs::path(path).parent_path().string());
  AtomicFile file(path, cached.LockFolder());
  file.Write(content);
  file.Commit();
}

// Takes away what killed processes have left among the locks; what is younger may be in use.
void RemoveOldTemporaries(const CachedRepository& cached) {
  constexpr std::int64_t kSecondsInUse = 3600;
  std::error_code error;
  fs::directory_iterator entry(cached.LockFolder(), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    struct stat status{};
    if (entry->path().extension() == ".tmp" && ::lstat(entry->path().c_str(), &status) == 0 &&
        std::time(nullptr) - status.st_mtime > kSecondsInUse) {
      std::error_code gone;
      fs::remove(entry->path(), gone);
    }
  }
}

// Writes the tag by which backup programs know a cache (bford.info/cachedir).
void TagCache(const CachedRepository& cached, const std::string& cache) {
  const std::string path = cache + "/CACHEDIR.TAG";
  if (!FileExists(path)) {
    WriteFile(cached, path, "Signature: 8a477f597d28d172789f06886806bc55\n");
  }
}

// Notes that the commit has no such files: empty ones, which need no temporary.
void NoteAbsent(const CachedRepository& cached, const std::string& commit,
                const std::vector<std::string>& files) {
  for (const std::string& name : files) {
    const std::string path = cached.NoExist(commit, name);
    if (FileExists(path)) continue;
    MakeFolders(fs::path(path).parent_path().string());
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    if (file.value() < 0) FailOnFile(path, "create", errno);
  }
}

// Whether the snapshot has the file whole: as a link to its blob, or as a plain file.
bool IsCached(const std::string& snapshot, const PullFile& file) {
  std::error_code error;
  return fs::file_size(fs::path(snapshot) / file.name, error) == file.facts.bytes && !error;
}

std::string RandomDigits() {
  std::random_device random;
  return Format("{:08x}", random());
}

// Makes `path` a link to the blob. What is there, such as a link whose blob has gone, or one that
// another process makes at the same time, is replaced at once.
std::error_code MakeLink(const CachedRepository& cached, const fs::path& blob,
                         const fs::path& path) {
  const fs::path temporary = Format("{}/{}.tmp", cached.LockFolder(), RandomDigits());
  std::error_code error, none;
  fs::create_symlink(blob.lexically_relative(path.parent_path()), temporary, error);
  if (error) return error;
  fs::rename(temporary, path, error);
  if (error) fs::remove(temporary, none);
  return error;
}

// Makes `path` the blob itself, or a copy where the blob must stay. An unfinished copy looks like
// an unfinished fetch, and is one: the next attempt goes on with it.
std::error_code MakeFile(const fs::path& blob, const fs::path& path, bool keep_blob) {
  std::error_code error;
  if (!keep_blob) {
    fs::rename(blob, path, error);
    return error;
  }
  const fs::path copy = Format("{}.{}.incomplete", blob.string(), RandomDigits());
  fs::copy_file(blob, copy, error);
  if (!error) fs::rename(copy, path, error);
  return error;
}

// Makes the file of the snapshot that stands for a blob: a link, or a plain file on a file system
// without links or where they aren't wanted.
void Place(const CachedRepository& cached, const std::string& snapshot, const PullFile& file,
           bool links, bool keep_blob) {
  const fs::path path = fs::path(snapshot) / file.name;
  MakeFolders(path.parent_path().string());
  const fs::path blob = cached.Blob(file.facts.etag);
  std::error_code error;
  if (links) error = MakeLink(cached, blob, path);
  if (!links || error == std::errc::operation_not_permitted || error == std::errc::not_supported ||
      error == std::errc::function_not_supported) {
    error = MakeFile(blob, path, keep_blob);
  }
  if (error && !IsCached(snapshot, file)) {
    throw Error(ErrorCode::kIoError,
                Format("{}: can't be made: {}", path.string(), error.message()));
  }
}

// Fills in how much is to be fetched: of files that are equal one, and of each what is not here.
void CountBytes(const CachedRepository& cached, PullPlan& plan) {
  CheckedSize bytes = 0, fetch_bytes = 0;
  std::set<std::string> etags;  // Of what is fetched.
  for (PullFile& file : plan.files) {
    const bool fetch = !file.cached && etags.insert(file.facts.etag).second;
    file.fetch_bytes = fetch ? file.facts.bytes - UnfinishedBytes(cached, file.facts) : 0;
    bytes = bytes + file.facts.bytes;
    fetch_bytes = fetch_bytes + file.fetch_bytes;
  }
  if (!bytes.FitsIn(kMostBytes)) {
    throw Error(ErrorCode::kDataLoss,
                Format("{}: its files are too large to be true", plan.model.repository));
  }
  plan.bytes = *bytes.value();
  plan.fetch_bytes = *fetch_bytes.value();
}

void CheckRoom(const PullPlan& plan, const std::string& cache) {
  if (!plan.free_bytes || plan.fetch_bytes + kSpareBytes <= *plan.free_bytes) return;
  throw Error(ErrorCode::kIoError,
              Format("{} needs {} more bytes in {}, where {} are free; make room, or name a cache "
                     "elsewhere with HF_HUB_CACHE",
                     plan.model.repository, plan.fetch_bytes, cache, *plan.free_bytes));
}

}  // namespace

PullPlan PlanPull(const std::string& model, const HubOptions& options) {
  PullPlan plan;
  plan.model = NameInCache(model, options.cache);
  HubClient hub(options);
  const CachedRepository cached(options.cache, plan.model.repository);
  const Listing listing = hub.List(plan.model);
  plan.commit = listing.commit;
  plan.path = cached.Snapshot(plan.commit);
  std::string modules;
  if (std::ranges::find(listing.names, "modules.json") != listing.names.end()) {
    modules = hub.ReadSmall(plan.model, plan.commit, "modules.json", kMaxModulesBytes);
  }
  for (const std::string& name : SelectFiles(plan.model.repository, listing.names, modules)) {
    PullFile file;
    file.name = name;
    file.facts = hub.Describe(plan.model, plan.commit, name);
    file.cached = IsCached(plan.path, file) || HasBlob(cached, file.facts);
    plan.files.push_back(std::move(file));
  }
  CountBytes(cached, plan);
  plan.absent = AbsentFiles(plan.model.repository, listing.names, modules);
  plan.free_bytes = FreeBytes(options.cache);
  return plan;
}

void VerifyCached(PullPlan& plan, const HubOptions& options, const PullProgress& on_progress) {
  const CachedRepository cached(options.cache, plan.model.repository);
  std::uint64_t before = 0;
  for (PullFile& file : plan.files) {
    if (!file.cached) continue;
    const std::string path =
        IsCached(plan.path, file) ? plan.path + "/" + file.name : cached.Blob(file.facts.etag);
    file.cached =
        IsIntact(path, file.facts, [&](std::uint64_t bytes) { on_progress(before + bytes); });
    file.damaged = !file.cached;
    before += file.facts.bytes;
  }
  CountBytes(cached, plan);
}

bool HubHasAny(const std::vector<std::string>& files, const std::string& repository,
               const std::string& commit, const HubOptions& options) {
  const std::vector<std::string> names = HubClient(options).List({repository, commit}).names;
  if (std::ranges::any_of(
          files, [&](const auto& file) { return std::ranges::find(names, file) != names.end(); })) {
    return true;
  }
  try {
    NoteAbsent(CachedRepository(options.cache, repository), commit, files);
  } catch (const Error& error) {  // A cache that somebody else keeps.
    Log(LogLevel::kInfo, error.what());
  }
  return false;
}

std::string Pull(const PullPlan& plan, const HubOptions& options, const PullProgress& on_progress) {
  const CachedRepository cached(options.cache, plan.model.repository);
  CheckRoom(plan, options.cache);
  const FileLock lock = LockForPull(cached);
  RemoveOldTemporaries(cached);
  MakeFolders(plan.path);  // First: huggingface_hub calls a model without snapshots/ corrupt.
  MakeFolders(cached.BlobFolder());
  TagCache(cached, options.cache);
  NoteAbsent(cached, plan.commit, plan.absent);
  HubClient hub(options);
  std::uint64_t before = 0, fetched = 0;  // Bytes of the files before this one, and of all.
  std::vector<const PullFile*> to_place;
  std::set<std::string> old_blobs;  // That other snapshots may lead to.
  for (const PullFile& file : plan.files) {
    if (file.damaged || !IsCached(plan.path, file)) {
      if (HasBlob(cached, file.facts)) old_blobs.insert(file.facts.etag);
      FetchBlob(cached, {plan.model, plan.commit, file.name, file.facts, file.damaged}, hub,
                [&](std::uint64_t bytes) {
                  bytes -= std::min(bytes, file.facts.bytes - file.fetch_bytes);
                  fetched = std::max(fetched, before + bytes);
                  on_progress(fetched);
                });
      to_place.push_back(&file);
    }
    before += file.fetch_bytes;
  }
  // Without a module's config.json nobody takes the folder for a whole model.
  std::ranges::stable_partition(to_place, [](const PullFile* file) {
    return fs::path(file->name).filename() != "config.json";
  });
  for (const PullFile* file : to_place) {
    Place(cached, plan.path, *file, options.links, old_blobs.contains(file->facts.etag));
  }
  if (!IsCommit(plan.model.revision) && cached.FindCommit(plan.model.revision) != plan.commit) {
    WriteFile(cached, cached.Ref(plan.model.revision), plan.commit);
  }
  return plan.path;
}

}  // namespace merle
