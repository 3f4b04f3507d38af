// The models of a server, by the names that clients may use: loaded when first used, unloaded when
// the memory is needed for another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embedding/embedder.h"

namespace merle {

struct ServedModelOptions {
  std::string id;  // Its name for clients: "sentence-transformers/all-MiniLM-L6-v2".
  std::vector<std::string> aliases;  // Other names: "text-embedding-3-small".
  std::string revision;              // Commit hash, or empty.
  std::uint64_t bytes;               // Of its weights, to keep the budget before they are loaded.
  // Loads it; of several models in several threads at once. Throws what Embedder::Load throws. The
  // embedders should share one ThreadPool: BatchQueue then lets all of them have turns in one
  // round.
  std::function<Embedder()> open;
};

// One name of the list that clients see.
struct ServedName {
  std::string name;
  std::string model;  // The id it stands for; the same as `name` but for aliases.
  bool loaded;
};

// May be used in any thread.
class ServedModels {
 public:
  // budget: bytes of weights in memory at once, those of unloaded models that requests still use
  // included; at least one model is always allowed. room_seconds: how long Get waits for such
  // requests. The first model is the default. Throws kAlreadyExists if a name is given twice,
  // kInvalidArgument if there is no model.
  ServedModels(std::vector<ServedModelOptions> models, std::uint64_t budget,
               double room_seconds = 5);

  struct Served {
    const ServedModelOptions* options;         // As long as the ServedModels.
    std::shared_ptr<const Embedder> embedder;  // Shared by the requests under way and the list.
  };

  // The model of that name or alias, loaded; unloads those that were not used for the longest time
  // where the budget asks for it. Waits while another thread loads it. Throws kNotFound for a name
  // that is not served, kUnavailable if requests under way keep the memory it needs, else what its
  // `open` throws: to all that wait for it, and the next Get tries again.
  // So it may take long: not for a thread that requests under way need to come to their end.
  Served Get(std::string_view name);
  // The same if it needs no loading, else nothing. Never waits. Throws kNotFound.
  std::optional<Served> GetLoaded(std::string_view name);
  bool Serves(std::string_view name) const { return names_.contains(name); }
  const std::string& default_name() const { return entries_.front().options.id; }

  // In the order given, the aliases of a model behind it.
  std::vector<ServedName> List() const;
  // Whether the default model is loaded: /ready.
  bool ready() const;
  std::size_t loaded() const;  // Models.
  std::uint64_t bytes_in_use()
      const;  // Of weights: loaded, being loaded, or in use though unloaded.

 private:
  struct Memory;
  struct Loaded;
  using Shared = std::shared_ptr<const Embedder>;

  struct Entry {
    ServedModelOptions options;
    Shared embedder = {};                     // Null: not loaded.
    std::shared_future<Shared> loading = {};  // Valid while a thread loads it.
    std::uint64_t last_use = 0;               // Number of the Get.
  };

  Entry& Find(std::string_view name);
  Shared Load(Entry& entry);
  void MakeRoom(std::uint64_t bytes, std::unique_lock<std::mutex>& lock);
  Entry* LeastRecentlyUsed();

  std::vector<Entry> entries_;  // Their number and options are set once.
  std::map<std::string, Entry*, std::less<>> names_;
  const std::uint64_t budget_;
  const double room_seconds_;
  std::shared_ptr<Memory> memory_;  // Shared with the embedders that are in use. Has the mutex.
  std::uint64_t uses_ = 0;
};

}  // namespace merle
