// Fetches one file of a model into the blobs of the cache: whole, checked, or not at all.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hub/cache.h"
#include "hub/hub_client.h"
#include "hub/model_name.h"

namespace merle {

struct BlobRequest {
  ModelName model;
  std::string commit;
  std::string file;
  FileFacts facts;
  bool damaged = false;  // Replace the blob that is here, unless somebody else has done so.
};

// Bytes of the file that are here so far, those of an earlier attempt included; never goes back
// unless the server makes us start again.
using BlobProgress = std::function<void(std::uint64_t bytes)>;

// Whether the hub has told a checksum of the file's content.
bool HasChecksum(const FileFacts& facts);

// Whether the file `path` has the content that `facts` speak of; where they tell no checksum, its
// size. `on_bytes` hears how many bytes are read. Throws kNotFound, kIoError if it can't be read.
bool IsIntact(const std::string& path, const FileFacts& facts, const BlobProgress& on_bytes);

// The files of a snapshot whose content is not what the names of their blobs say, as far as those
// are checksums. `on_bytes` as above, of all files. Throws as IsIntact.
std::vector<std::string> DamagedFiles(const std::string& snapshot, const BlobProgress& on_bytes);

// Whether a blob is here, by its size: its name was checked when it was made.
bool HasBlob(const CachedRepository& cached, const FileFacts& facts);

// Bytes that an interrupted attempt has left for the next one.
std::uint64_t UnfinishedBytes(const CachedRepository& cached, const FileFacts& facts);

// Makes the blob, unless it is there. Goes on where an interrupted attempt ended, takes turns with
// other processes (without locks each fetches its own), asks again when a connection breaks, and
// renames the file into place when its size and checksum are right. Throws what HubClient throws;
// kDataLoss if what arrives is not what the hub announced; kIoError if it can't be written.
void FetchBlob(const CachedRepository& cached, const BlobRequest& request, HubClient& hub,
               const BlobProgress& on_progress);

}  // namespace merle
