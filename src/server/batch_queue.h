// Merges the texts of many requests into packed batches and runs them, fairly.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "embedding/embedder.h"
#include "embedding/tokenized_texts.h"
#include "server/request_line.h"  // IWYU pragma: export

namespace merle {

// There is no room for a request now: refused at once, nothing was done.
class OverloadedError : public Error {
 public:
  OverloadedError(const std::string& message, double retry_after_seconds)
      : Error(ErrorCode::kResourceExhausted, message), retry_after_seconds_(retry_after_seconds) {}
  double retry_after_seconds() const { return retry_after_seconds_; }  // Whole seconds, 1 to 60.

 private:
  double retry_after_seconds_;
};

struct BatchQueueOptions {
  // Waiting and running; a request that is alone may be larger.
  std::size_t most_tokens = 262'144;
  // What these may take by the rate measured so far: who would wait longer is refused at once, not
  // after the client's patience has ended.
  double most_seconds = 30;
};

// Sees each batch that was run: for metrics.
struct BatchReport {
  std::size_t texts, tokens, requests;
  double seconds;
};

// Takes texts from the requests in turns, some hundred tokens each, so that long and short requests
// do not starve each other, and packs them into batches of one model. The threads of the model's
// pool take batches until nothing waits, each for itself: none waits for another. Where too little
// waits for that, such as one short text, all threads share it at once. Vectors are bitwise those
// of Embedder::Embed. All methods may be called in any thread.
class BatchQueue {
 public:
  // on_batch: must be quick and not throw; called in the threads that compute, several at once.
  explicit BatchQueue(const BatchQueueOptions& options,
                      std::function<void(const BatchReport&)> on_batch = {});
  ~BatchQueue();  // The batches that run are finished, what waits ends with kUnavailable.
  BatchQueue(const BatchQueue&) = delete;
  BatchQueue& operator=(const BatchQueue&) = delete;

  // Calls `done` once, in a thread that computes: it must be quick and not throw, and may call Add.
  // A request is dropped at the next batch once `abandoned` (null: never) is true. Throws
  // OverloadedError, kInvalidArgument as Embedder::CheckTokens does or if there is no text, and
  // kUnavailable once the queue is being destroyed; then `done` is never called.
  // The embedder is shared with whoever may unload the model meanwhile.
  void Add(std::shared_ptr<const Embedder> embedder, TokenizedTexts texts,
           std::shared_ptr<const std::atomic<bool>> abandoned,
           std::function<void(BatchResult)> done);

  std::size_t tokens() const;  // Waiting and running now.

  // Throws OverloadedError if a request of `tokens` tokens would be refused now.
  void CheckRoom(std::size_t tokens) const;

  // What a client that is refused is told: how long `tokens` tokens take, in whole seconds from 1
  // to 60. 0 tokens a second: unknown.
  static double RetrySeconds(std::size_t tokens, double tokens_per_second);

 private:
  void Dispatch();
  void RunRound(const Embedder& first);
  Batch TakeShared(const Embedder& embedder);
  void Work(ThreadPool& pool);
  Batch Take(ThreadPool& pool);
  void Run(Batch batch, ThreadPool& threads);
  void Finish(Batch batch, double seconds);
  void DropAbandoned();
  void DropAll();
  void RequireRoom(std::size_t tokens) const;  // With mutex_ held, as for the next.
  double TokensPerSecond() const { return done_seconds_ > 0 ? done_tokens_ / done_seconds_ : 0; }

  static void Embed(std::span<const BatchSlice> batch, ThreadPool& threads);
  static std::exception_ptr ErrorOf(std::span<const BatchSlice> batch,
                                    ThreadPool& threads) noexcept;
  static void Report(const BatchRequests& done);

  const BatchQueueOptions options_;
  const std::function<void(const BatchReport&)> on_batch_;
  ThreadPool alone_{1};  // The calling thread, for batches that run side by side.

  mutable std::mutex mutex_;      // Guards what follows.
  std::condition_variable wake_;  // There is work, or the round is over, or the end has come.
  RequestLine line_;
  std::size_t tokens_ = 0;  // Waiting and running.
  std::size_t running_batches_ = 0;
  bool round_over_ = false;  // A thread has left the round; the others do so after their batch.
  bool stop_ = false;
  Stopwatch since_sweep_;  // For abandoned requests.
  // Of the last batches, each weighing 1 % less than the next; seconds as if all threads were busy.
  double done_tokens_ = 0, done_seconds_ = 0;

  std::thread dispatcher_;  // The last member: it uses all others.
};

}  // namespace merle
