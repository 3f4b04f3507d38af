#include "server/batch_queue.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "embedding/batcher.h"
#include "embedding/embedder.h"
#include "embedding/tokenized_texts.h"
#include "server/request_line.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// Between two looks for abandoned requests; a batch takes some 3 ms.
constexpr double kSweepSeconds = 0.002;

// What a batch still counts in the measured rate when the next one is done.
constexpr double kRateMemory = 0.99;

constexpr double kLeastRetrySeconds = 1;
constexpr double kMostRetrySeconds = 60;  // The clients of OpenAI don't come back after 120.

constexpr const char* kStopping = "the server is shutting down";

}  // namespace

BatchQueue::BatchQueue(const BatchQueueOptions& options,
                       std::function<void(const BatchReport&)> on_batch)
    : options_(options), on_batch_(std::move(on_batch)), dispatcher_([this] { Dispatch(); }) {}

BatchQueue::~BatchQueue() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  dispatcher_.join();
}

void BatchQueue::Add(std::shared_ptr<const Embedder> embedder, TokenizedTexts texts,
                     std::shared_ptr<const std::atomic<bool>> abandoned,
                     std::function<void(BatchResult)> done) {
  embedder->CheckTokens(texts);
  const std::size_t count = texts.size(), tokens = texts.ids.size();
  if (count == 0) throw Error(ErrorCode::kInvalidArgument, "there are no texts");
  CheckRoom(tokens);  // Before there is memory for the vectors.
  auto vectors = Matrix<float>::Uninitialized(count, embedder->whole_dim());
  auto request = std::make_shared<BatchRequest>(BatchRequest{.embedder = std::move(embedder),
                                                             .texts = std::move(texts),
                                                             .abandoned = std::move(abandoned),
                                                             .done = std::move(done),
                                                             .vectors = std::move(vectors)});
  const std::lock_guard lock(mutex_);
  if (stop_) throw Error(ErrorCode::kUnavailable, kStopping);
  RequireRoom(tokens);
  line_.Add(std::move(request));
  tokens_ += tokens;
  count == 1 ? wake_.notify_one() : wake_.notify_all();
}

std::size_t BatchQueue::tokens() const {
  const std::lock_guard lock(mutex_);
  return tokens_;
}

void BatchQueue::CheckRoom(std::size_t tokens) const {
  const std::lock_guard lock(mutex_);
  RequireRoom(tokens);
}

double BatchQueue::RetrySeconds(std::size_t tokens, double tokens_per_second) {
  if (tokens_per_second <= 0) return kLeastRetrySeconds;
  return std::clamp(std::ceil(static_cast<double>(tokens) / tokens_per_second), kLeastRetrySeconds,
                    kMostRetrySeconds);
}

// Who is refused should come back when what is here now is done.
void BatchQueue::RequireRoom(std::size_t tokens) const {
  const double rate = TokensPerSecond();
  const std::size_t wanted = tokens_ + tokens;
  const bool in_time = rate == 0 || static_cast<double>(wanted) <= rate * options_.most_seconds;
  if (tokens_ == 0 || (wanted <= options_.most_tokens && in_time)) return;
  const double retry = RetrySeconds(tokens_, rate);
  throw OverloadedError(
      Format("the server is busy with {} tokens; try again in {} s", tokens_, retry), retry);
}

void BatchQueue::Dispatch() {
  for (;;) {
    std::shared_ptr<const Embedder> first;  // Keeps the pool that the round runs on.
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || !line_.empty(); });
      if (stop_) break;
      first = line_.model();
      round_over_ = false;
    }
    RunRound(*first);
  }
  DropAll();
}

// Works until nothing waits for the pool of `first`.
void BatchQueue::RunRound(const Embedder& first) {
  ThreadPool& pool = first.pool();
  DropAbandoned();
  if (Batch batch = TakeShared(first); !batch.empty()) {
    Run(std::move(batch), pool);
  } else {
    pool.ParallelFor(pool.size(), [&](std::size_t, std::size_t) { Work(pool); });
  }
}

// All that waits for `embedder`, where it's best that the threads share it: texts fewer than
// threads, or one request with at most a usual batch for each thread. Else nothing.
Batch BatchQueue::TakeShared(const Embedder& embedder) {
  const std::lock_guard lock(mutex_);
  if (line_.empty() || line_.model().get() != &embedder) return {};
  const std::size_t threads = embedder.pool().size();
  const bool one_small = line_.requests() == 1 && line_.tokens() <= threads * kGroupTokens;
  if (!one_small && !line_.HasFewerTextsThan(threads)) return {};
  ++running_batches_;
  return line_.Take(line_.tokens());
}

// One thread's part of a round.
void BatchQueue::Work(ThreadPool& pool) {
  for (;;) {
    DropAbandoned();
    Batch batch = Take(pool);
    if (batch.empty()) return;
    Run(std::move(batch), alone_);
  }
}

// The next batch for one thread of `pool`: as large as runs fastest, less where little waits.
// While other threads run theirs it waits for new requests. Returns nothing when all is done, the
// end has come, or a model of another pool has its turn.
Batch BatchQueue::Take(ThreadPool& pool) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [&] { return stop_ || round_over_ || !line_.empty() || running_batches_ == 0; });
  if (stop_ || line_.empty() || &line_.model()->pool() != &pool) round_over_ = true;
  if (round_over_) {
    wake_.notify_all();
    return {};
  }
  ++running_batches_;
  return line_.Take(std::min(kGroupTokens, line_.tokens() / pool.size() + 1));
}

void BatchQueue::Run(Batch batch, ThreadPool& threads) {
  const Stopwatch watch;
  if (std::exception_ptr error = ErrorOf(batch, threads)) {
    if (batch.size() == 1) {
      batch.front().error = std::move(error);
    } else {  // One request must not fail the others in its batch.
      for (BatchSlice& slice : batch) slice.error = ErrorOf(std::span(&slice, 1), threads);
    }
  }
  const double seconds = watch.Seconds();
  if (on_batch_) {
    BatchReport report{.texts = 0, .tokens = 0, .requests = batch.size(), .seconds = seconds};
    for (const BatchSlice& slice : batch) {
      report.texts += slice.texts();
      report.tokens += slice.tokens();
    }
    on_batch_(report);
  }
  const std::size_t all_threads = batch.front().request->embedder->pool().size();
  Finish(std::move(batch),
         seconds * static_cast<double>(threads.size()) / static_cast<double>(all_threads));
}

void BatchQueue::Embed(std::span<const BatchSlice> batch, ThreadPool& threads) {
  const Embedder& embedder = *batch.front().request->embedder;
  TokenizedTexts texts;
  for (const BatchSlice& slice : batch) texts.Append(slice.request->texts, slice.first, slice.last);
  auto vectors = Matrix<float>::Uninitialized(texts.size(), embedder.whole_dim());
  embedder.EmbedTokens(texts, vectors.view(), &threads);
  const float* from = vectors.data();
  for (const BatchSlice& slice : batch) {
    const std::size_t count = slice.texts() * vectors.cols();
    std::copy_n(from, count, slice.request->vectors.Row(slice.first).data());
    from += count;
  }
}

std::exception_ptr BatchQueue::ErrorOf(std::span<const BatchSlice> batch,
                                       ThreadPool& threads) noexcept {
  try {
    Embed(batch, threads);
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

// seconds: as if all threads had been busy with this batch.
void BatchQueue::Finish(Batch batch, double seconds) {
  BatchRequests done;
  {
    const std::lock_guard lock(mutex_);
    --running_batches_;
    done_tokens_ *= kRateMemory;
    done_seconds_ = done_seconds_ * kRateMemory + seconds;
    for (BatchSlice& slice : batch) {
      BatchRequest& request = *slice.request;
      tokens_ -= slice.tokens();
      done_tokens_ += static_cast<double>(slice.tokens());
      request.open -= slice.texts();
      if (slice.error && !request.error) {
        tokens_ -= line_.Drop(request, std::move(slice.error));
      }
      if (request.open == 0) done.push_back(slice.request);
    }
  }
  Report(done);
}

void BatchQueue::DropAbandoned() {
  BatchRequests done;
  {
    const std::lock_guard lock(mutex_);
    if (since_sweep_.Seconds() < kSweepSeconds) return;
    since_sweep_ = Stopwatch();
    tokens_ -= line_.DropAbandoned(done);
  }
  Report(done);
}

void BatchQueue::DropAll() {
  BatchRequests done;
  {
    const std::lock_guard lock(mutex_);
    tokens_ -= line_.DropAll(kStopping, done);
  }
  Report(done);
}

void BatchQueue::Report(const BatchRequests& done) {
  for (const auto& request : done) {
    BatchResult result{.vectors = {},
                       .error = std::move(request->error),
                       .queue_seconds = request->queue_seconds,
                       .compute_seconds = request->watch.Seconds() - request->queue_seconds};
    if (!result.error) result.vectors = std::move(request->vectors);
    std::exchange(request->done, {})(std::move(result));
  }
}

}  // namespace merle
