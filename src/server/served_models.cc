#include "server/served_models.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/quote.h"
#include "embedding/embedder.h"

namespace merle {

// The mutex of it all, and the bytes that are taken. Lives as long as the last embedder.
struct ServedModels::Memory {
  std::mutex mutex;
  std::condition_variable freed;  // Or a model was loaded, which may be unloaded then.
  std::uint64_t bytes = 0;
};

// A loaded model and the bytes it takes, which are given back when it goes.
struct ServedModels::Loaded {
  struct Room {
    ~Room() {
      const std::lock_guard lock(memory->mutex);
      memory->bytes -= bytes;
      memory->freed.notify_all();
    }
    std::shared_ptr<Memory> memory;
    std::uint64_t bytes;
  };

  Loaded(std::shared_ptr<Memory> memory, const ServedModelOptions& options)
      : room{.memory = std::move(memory), .bytes = options.bytes}, embedder(options.open()) {}

  Room room;
  Embedder embedder;
};

ServedModels::ServedModels(std::vector<ServedModelOptions> models, std::uint64_t budget,
                           double room_seconds)
    : budget_(budget), room_seconds_(room_seconds), memory_(std::make_shared<Memory>()) {
  if (models.empty()) throw Error(ErrorCode::kInvalidArgument, "there is no model to serve");
  entries_.reserve(models.size());  // names_ points into it.
  for (ServedModelOptions& options : models) {
    Entry& entry = entries_.emplace_back(Entry{.options = std::move(options)});
    std::vector<std::string> names = entry.options.aliases;
    names.push_back(entry.options.id);
    for (std::string& name : names) {
      const auto [place, is_new] = names_.try_emplace(std::move(name), &entry);
      if (is_new) continue;
      throw Error(ErrorCode::kAlreadyExists,
                  Format("the name {} is given to two models, {} and {}", Quoted(place->first),
                         Quoted(place->second->options.id), Quoted(entry.options.id)));
    }
  }
}

ServedModels::Entry& ServedModels::Find(std::string_view name) {
  const auto found = names_.find(name);
  if (found == names_.end()) {
    throw Error(ErrorCode::kNotFound, Format("the model {} is not served here", Quoted(name)));
  }
  return *found->second;
}

std::optional<ServedModels::Served> ServedModels::GetLoaded(std::string_view name) {
  Entry& entry = Find(name);
  const std::lock_guard lock(memory_->mutex);
  if (entry.embedder == nullptr) return std::nullopt;
  entry.last_use = ++uses_;
  return Served{.options = &entry.options, .embedder = entry.embedder};
}

ServedModels::Served ServedModels::Get(std::string_view name) {
  if (auto served = GetLoaded(name)) return *served;
  Entry& entry = Find(name);
  std::unique_lock lock(memory_->mutex);
  entry.last_use = ++uses_;
  if (entry.embedder != nullptr) return {.options = &entry.options, .embedder = entry.embedder};
  if (entry.loading.valid()) {
    const auto loading = entry.loading;
    lock.unlock();
    return {.options = &entry.options, .embedder = loading.get()};
  }
  std::promise<Shared> promise;
  entry.loading = promise.get_future().share();
  lock.unlock();
  try {
    Shared embedder = Load(entry);
    promise.set_value(embedder);
    return {.options = &entry.options, .embedder = std::move(embedder)};
  } catch (...) {
    lock.lock();
    entry.loading = {};
    lock.unlock();
    promise.set_exception(std::current_exception());
    throw;
  }
}

// Only the thread that made entry.loading comes here, so two never load the same model.
ServedModels::Shared ServedModels::Load(Entry& entry) {
  std::unique_lock lock(memory_->mutex);
  MakeRoom(entry.options.bytes, lock);
  memory_->bytes += entry.options.bytes;
  lock.unlock();
  const auto loaded = std::make_shared<const Loaded>(memory_, entry.options);
  Shared embedder(loaded, &loaded->embedder);
  lock.lock();
  entry.embedder = embedder;
  entry.loading = {};
  memory_->freed.notify_all();
  return embedder;
}

// Unloads models until there is room for one of `bytes`, and waits for the requests that use them.
void ServedModels::MakeRoom(std::uint64_t bytes, std::unique_lock<std::mutex>& lock) {
  const auto deadline = std::chrono::steady_clock::now() +
                        std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                            std::chrono::duration<double>(room_seconds_));
  while (memory_->bytes > 0 && memory_->bytes + bytes > budget_) {
    if (Entry* const oldest = LeastRecentlyUsed()) {
      Shared unloaded = std::exchange(oldest->embedder, nullptr);
      lock.unlock();
      unloaded.reset();  // Locks the mutex itself, if nobody uses the model.
      lock.lock();
    } else if (memory_->freed.wait_until(lock, deadline) == std::cv_status::timeout) {
      throw Error(ErrorCode::kUnavailable,
                  "there is no memory for this model while requests use others; try again later");
    }
  }
}

ServedModels::Entry* ServedModels::LeastRecentlyUsed() {
  Entry* oldest = nullptr;
  for (Entry& entry : entries_) {
    if (entry.embedder == nullptr) continue;
    if (oldest == nullptr || entry.last_use < oldest->last_use) oldest = &entry;
  }
  return oldest;
}

std::vector<ServedName> ServedModels::List() const {
  std::vector<ServedName> names;
  const std::lock_guard lock(memory_->mutex);
  for (const auto& [options, embedder, loading, last_use] : entries_) {
    const bool loaded = embedder != nullptr;
    names.push_back({.name = options.id, .model = options.id, .loaded = loaded});
    for (const std::string& alias : options.aliases) {
      names.push_back({.name = alias, .model = options.id, .loaded = loaded});
    }
  }
  return names;
}

bool ServedModels::ready() const {
  const std::lock_guard lock(memory_->mutex);
  return entries_.front().embedder != nullptr;
}

std::size_t ServedModels::loaded() const {
  const std::lock_guard lock(memory_->mutex);
  std::size_t count = 0;
  for (const Entry& entry : entries_) count += entry.embedder != nullptr ? 1 : 0;
  return count;
}

std::uint64_t ServedModels::bytes_in_use() const {
  const std::lock_guard lock(memory_->mutex);
  return memory_->bytes;
}

}  // namespace merle
