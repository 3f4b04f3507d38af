// Many texts to a server and back: several connections, requests of the size that it takes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "embedding/embed_options.h"
#include "embedding/embeddings_api.h"
#include "embedding/remote_client.h"
#include "embedding/remote_options.h"
#include "embedding/request_plan.h"
#include "tensor/matrix.h"

namespace merle {

// What is known of a server, and the connections to it. May be used in any thread.
class RemoteServer {
 public:
  explicit RemoteServer(RemoteOptions options) : options_(std::move(options)) {}

  const RemoteOptions& options() const { return options_; }
  const RemoteTraffic& traffic() const { return traffic_; }
  std::size_t dim() const { return dim_; }  // Of vectors as they come; 0: none has come yet.
  RequestLimits limits() const;             // What it was found to take.

  // A connection for one thread; GiveBack keeps it for the next.
  std::unique_ptr<RemoteClient> TakeClient();
  void GiveBack(std::unique_ptr<RemoteClient> client);

  // Requests are no longer larger than this, half of what was refused for its size.
  void Learn(const RequestLimits& half);

  // Checks the length of vectors that came where `wanted` components were asked for, or for 0, all.
  // Throws kDataLoss.
  void CheckDim(std::size_t dim, std::size_t wanted);

 private:
  RemoteOptions options_;
  RemoteTraffic traffic_;
  std::atomic<std::size_t> dim_ = 0;
  mutable std::mutex mutex_;  // Guards what follows.
  std::vector<std::unique_ptr<RemoteClient>> idle_;
  RequestLimits limits_;
};

// One call of RemoteEncoder::Embed.
class RemoteRun {
 public:
  // All of them must outlive it. Texts: well-formed UTF-8.
  RemoteRun(RemoteServer& server, std::span<const std::string_view> texts,
            const EmbedOptions& options);
  ~RemoteRun() { stop_ = true; }  // The threads, which end before the other members, hear of it.
  RemoteRun(const RemoteRun&) = delete;
  RemoteRun& operator=(const RemoteRun&) = delete;

  // Sends everything and waits for it; to be called once. Returns the vectors, [texts, dim]. Throws
  // as RemoteEncoder::Embed does.
  Matrix<float> Vectors();

  std::size_t tokens() const { return tokens_; }  // That the server counted.

 private:
  std::string NameOf(std::size_t text) const;
  void Start();
  void Work();
  void Send(RemoteClient& client, RequestRange range);
  void Put(RequestRange range, const EmbeddingsAnswer& answer);
  std::size_t TokensOf(RequestRange range) const;
  [[noreturn]] void Refuse(RequestRange range, const TextsRefused& refused) const;

  RemoteServer& server_;
  std::span<const std::string_view> texts_;
  const EmbedOptions& options_;
  std::vector<RequestRange> requests_;
  std::atomic<std::size_t> next_ = 0;  // Of requests_.
  std::atomic<bool> stop_ = false;

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  std::size_t busy_ = 0;  // Threads at work.
  std::size_t done_ = 0;  // Texts.
  std::size_t tokens_ = 0;
  Matrix<float> vectors_;  // Without rows until the first vectors have come.
  std::exception_ptr failure_;

  std::vector<std::jthread> threads_;  // Last: they use all the others until they end.
};

}  // namespace merle
