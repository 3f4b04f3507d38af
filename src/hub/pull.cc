#include "hub/pull.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/format.h"
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

void WriteFile(const std::string& path, std::string_view content) {
  MakeFolders(fs::path(path).parent_path().string());
  AtomicFile file(path);
  file.Write(content);
  file.Commit();
}

// Writes the tag by which backup programs know a cache (bford.info/cachedir).
void TagCache(const std::string& cache) {
  const std::string path = cache + "/CACHEDIR.TAG";
  if (!FileExists(path)) WriteFile(path, "Signature: 8a477f597d28d172789f06886806bc55\n");
}

// Whether the snapshot has the file whole: as a link to its blob, or as a plain file.
bool IsCached(const std::string& snapshot, const PullFile& file) {
  std::error_code error;
  return fs::file_size(fs::path(snapshot) / file.name, error) == file.facts.bytes && !error;
}

// Makes the file of the snapshot that stands for a blob: a link, or the blob itself on a file
// system without links. Another process may make the same one at the same time.
void Link(const CachedRepository& cached, const std::string& snapshot, const PullFile& file) {
  const fs::path path = fs::path(snapshot) / file.name;
  MakeFolders(path.parent_path().string());
  const fs::path blob = cached.Blob(file.facts.etag);
  const fs::path target = blob.lexically_relative(path.parent_path());
  std::error_code error;
  if (file.damaged) fs::remove(path, error);  // A plain file, perhaps.
  fs::create_symlink(target, path, error);
  if (error == std::errc::file_exists && !IsCached(snapshot, file)) {
    // A link of an earlier time whose blob has gone.
    if (fs::remove(path, error)) fs::create_symlink(target, path, error);
  }
  if (error == std::errc::operation_not_permitted || error == std::errc::not_supported ||
      error == std::errc::function_not_supported) {
    fs::rename(blob, path, error);
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
  plan.absent = AbsentFiles(listing.names);
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

std::string Pull(const PullPlan& plan, const HubOptions& options, const PullProgress& on_progress) {
  const CachedRepository cached(options.cache, plan.model.repository);
  CheckRoom(plan, options.cache);
  const FileLock lock = LockForPull(cached);
  MakeFolders(cached.BlobFolder());
  MakeFolders(plan.path);
  TagCache(options.cache);
  HubClient hub(options);
  std::uint64_t before = 0, fetched = 0;  // Bytes of the files before this one, and of all.
  for (const PullFile& file : plan.files) {
    if (file.damaged || !IsCached(plan.path, file)) {
      FetchBlob(cached, {plan.model, plan.commit, file.name, file.facts, file.damaged}, hub,
                [&](std::uint64_t bytes) {
                  bytes -= std::min(bytes, file.facts.bytes - file.fetch_bytes);
                  fetched = std::max(fetched, before + bytes);
                  on_progress(fetched);
                });
      Link(cached, plan.path, file);
    }
    before += file.fetch_bytes;
  }
  for (const std::string& name : plan.absent) {
    const std::string path = cached.NoExist(plan.commit, name);
    if (!FileExists(path)) WriteFile(path, "");
  }
  if (!IsCommit(plan.model.revision) && cached.FindCommit(plan.model.revision) != plan.commit) {
    WriteFile(cached.Ref(plan.model.revision), plan.commit);
  }
  return plan.path;
}

}  // namespace merle
