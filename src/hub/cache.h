// The Hugging Face cache on disk, laid out as huggingface_hub does, so that both use each other's
// files (source: hub-docs, "Hub local cache"):
//
//   <cache>/models--org--name/blobs/<etag>                content of a file, named by its checksum
//                             blobs/<etag>.<8 hex>.incomplete   one that is being fetched
//                             snapshots/<commit>/<file>   link to ../../blobs/<etag>
//                             refs/<ref>                  the commit of a branch or tag
//                             .no_exist/<commit>/<file>   empty: the commit has no such file
//   <cache>/.locks/models--org--name/<etag>.lock    held by who makes that blob
//                                    pull.lock      shared by every pull of Merle's
//
// A model without organisation is models--name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file_lock.h"
#include "hub/model_name.h"

namespace merle {

// As ParseModelName, but a name without organisation that only the cache knows as such is that
// model: what ListModels names can be used by its name. A revision that is the begin of one commit
// in the cache, of at least 7 digits, is that commit.
ModelName NameInCache(const std::string& model, const std::string& cache);

// Paths of one model ("org/name", "name") in a cache. Nothing is looked at until a function is
// called.
class CachedRepository {
 public:
  CachedRepository(const std::string& cache, const std::string& repository);

  const std::string& folder() const { return folder_; }
  std::string Blob(const std::string& etag) const { return folder_ + "/blobs/" + etag; }
  std::string BlobFolder() const { return folder_ + "/blobs"; }
  std::string Snapshot(const std::string& commit) const { return folder_ + "/snapshots/" + commit; }
  std::string Ref(const std::string& revision) const { return folder_ + "/refs/" + revision; }
  std::string NoExist(const std::string& commit, const std::string& file) const {
    return folder_ + "/.no_exist/" + commit + "/" + file;
  }
  std::string LockFolder() const { return locks_; }

  // The commit that a revision stands for here; nothing where the ref is unknown or no commit.
  std::optional<std::string> FindCommit(const std::string& revision) const;

 private:
  std::string folder_, locks_;
};

// One revision of a model in the cache.
struct CachedModel {
  std::string name;      // "sentence-transformers/all-MiniLM-L6-v2", "bert-base-uncased"
  std::string revision;  // Commit, 40 hexadecimal digits.
  std::string path;      // Its snapshot folder.
  std::uint64_t bytes;   // Size of its files.
};

// Every model in a cache, by name, then revision; folders whose names no model can have are left
// out. An absent cache is an empty one. Throws kIoError if it can't be read.
std::vector<CachedModel> ListModels(const std::string& cache);

// What keeps a snapshot from being used, as far as its files tell: "lacks model.safetensors", or
// that a list of its files is damaged. Empty if nothing does.
std::string ProblemOfSnapshot(const std::string& snapshot);

struct ModelFile {
  std::string name;  // Below the model's folder.
  std::uint64_t bytes;
};

// The files in a folder and the folders in it, by name; those that can't be looked at are left out.
std::vector<ModelFile> ListFiles(const std::string& folder);

struct RemovedModel {
  std::vector<std::string> revisions;  // Commits that are, or would be, no longer there.
  std::uint64_t bytes = 0;             // Freed: a file that another revision shares is kept.
};

// What a pull holds while it works, so that the model is not removed meanwhile. Waits while it is
// being removed. Throws kIoError.
FileLock LockForPull(const CachedRepository& cached);

// Removes a model from a cache: one revision, or all of it where `revision` is empty. With
// `dry_run` only says what would go. Throws kNotFound if it isn't there, kUnavailable if another
// process fetches it, kIoError if a file can't be removed.
RemovedModel RemoveModel(const std::string& cache, const std::string& repository,
                         const std::string& revision, bool dry_run);

}  // namespace merle
