#include "server/batch_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/error_matcher.h"
#include "base/test_folder.h"
#include "base/thread_pool.h"
#include "embedding/embedder.h"
#include "embedding/tokenized_texts.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

using Model = std::shared_ptr<const Embedder>;
using Texts = std::vector<std::string_view>;

const fs::path kGolden = fs::path(MERLE_SOURCE_DIR) / "tests/golden/embedding";

Model Load(std::string_view name, const EmbedderOptions& options) {
  return std::make_shared<Embedder>(Embedder::Load((kGolden / name).string(), options));
}

// Keeps a queue of one thread busy: its batches end only when the gate is opened.
class Gate {
 public:
  std::function<void(const BatchReport&)> Watch() {
    return [this](const BatchReport& report) {
      std::unique_lock lock(mutex_);
      reports_.push_back(report);
      changed_.notify_all();
      changed_.wait(lock, [&] { return open_; });
    };
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void AwaitBatch() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !reports_.empty(); });
  }
  std::vector<BatchReport> reports() {
    const std::lock_guard lock(mutex_);
    return reports_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  std::vector<BatchReport> reports_;
};

std::future<BatchResult> Add(BatchQueue& queue, const Model& model, const Texts& texts,
                             std::shared_ptr<const std::atomic<bool>> abandoned = nullptr) {
  auto promise = std::make_shared<std::promise<BatchResult>>();
  queue.Add(model, model->Tokenize(texts), std::move(abandoned),
            [promise](BatchResult result) { promise->set_value(std::move(result)); });
  return promise->get_future();
}

void Rethrow(const BatchResult& result) {
  if (result.error) std::rethrow_exception(result.error);
}

bool SameBits(MatrixView<const float> a, MatrixView<const float> b) {
  if (a.rows() != b.rows()) return false;
  for (std::size_t r = 0; r < a.rows(); ++r) {
    const auto bits = [](float x) { return std::bit_cast<std::uint32_t>(x); };
    if (!std::ranges::equal(a.Row(r), b.Row(r), {}, bits, bits)) return false;
  }
  return true;
}

void ExpectVectors(std::future<BatchResult> future, const Model& model, const Texts& texts) {
  const BatchResult result = future.get();
  ASSERT_NO_THROW(Rethrow(result));
  EXPECT_TRUE(SameBits(result.vectors.view(), model->Embed(texts).view()));
  EXPECT_GE(result.queue_seconds, 0);
  EXPECT_GE(result.compute_seconds, 0);
}

// Words of the golden models' vocabulary.
std::string RandomText(std::mt19937& random) {
  constexpr std::string_view kWords[] = {"dog", "the", "first", "token", "z", "second", "0"};
  std::string text;
  for (auto words = random() % 30; words > 0; --words) {
    text.append(kWords[random() % std::size(kWords)]).append(" ");
  }
  return text;
}

class QueueWithThreads : public testing::TestWithParam<std::size_t> {};

TEST_P(QueueWithThreads, EachRequestGetsTheLibrarysVectorsOnce) {
  ThreadPool pool(GetParam());
  const std::vector<Model> models = {
      Load("st-normalize", {.pool = &pool}), Load("st-prompts-not-pooled", {.pool = &pool}),
      Load("st-dense-two", {.threads = GetParam()})};  // Of a pool of its own.
  std::atomic<std::size_t> done = 0, wrong = 0, batch_texts = 0, all_texts = 0;
  {
    BatchQueue queue({}, [&](const BatchReport& report) { batch_texts += report.texts; });
    std::vector<std::thread> callers;
    callers.reserve(8);
    for (unsigned caller = 0; caller < 8; ++caller) {
      callers.emplace_back([&, caller] {
        std::mt19937 random(caller);
        for (int round = 0; round < 20; ++round) {
          const Model& model = models[random() % models.size()];
          std::vector<std::string> owned(1 + random() % (round % 4 == 0 ? 60 : 2));
          for (std::string& text : owned) text = RandomText(random);
          const Texts texts(owned.begin(), owned.end());
          all_texts += texts.size();
          const EmbedOptions options{.prompt = {.text = "the "}};
          const auto promise = std::make_shared<std::promise<BatchResult>>();
          queue.Add(model, model->Tokenize(texts, options), nullptr,
                    [&done, promise](BatchResult result) {
                      ++done;
                      promise->set_value(std::move(result));
                    });
          const BatchResult result = promise->get_future().get();
          if (result.error || !SameBits(model->FinishVectors(result.vectors.view(), options).view(),
                                        model->Embed(texts, options).view())) {
            ++wrong;
          }
        }
      });
    }
    for (std::thread& caller : callers) caller.join();
    EXPECT_EQ(queue.tokens(), 0u);
  }
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(done, 160u);
  EXPECT_EQ(batch_texts, all_texts);
}

INSTANTIATE_TEST_SUITE_P(Threads, QueueWithThreads, testing::Values(1, 2, 3),
                         testing::PrintToStringParamName());

constexpr std::size_t kMostTokens = 2000;

class BatchQueueTest : public testing::Test {
 protected:
  ~BatchQueueTest() override { gate_.Open(); }

  // Begins a request whose batch doesn't end before gate_.Open().
  std::future<BatchResult> Block() {
    auto future = Add(*queue_, model_, {"dog"});
    gate_.AwaitBatch();
    return future;
  }

  // A short request that brings the next one, until the queue's end.
  void AddWithoutEnd(BatchQueue& queue) {
    queue.Add(model_, dog_, nullptr, [this, &queue](const BatchResult& result) {
      if (result.error) return;
      try {
        AddWithoutEnd(queue);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
      }
    });
  }

  Gate gate_;
  const Model model_ = Load("st-normalize", {.threads = 1});
  const TokenizedTexts dog_ = model_->Tokenize(Texts{"dog"});
  std::unique_ptr<BatchQueue> queue_ =
      std::make_unique<BatchQueue>(BatchQueueOptions{.most_tokens = kMostTokens}, gate_.Watch());
};

TEST_F(BatchQueueTest, RequestsThatWaitShareABatch) {
  auto first = Block();
  auto a = Add(*queue_, model_, {"dog", "the first"});
  auto b = Add(*queue_, model_, {"token"});
  gate_.Open();
  ExpectVectors(std::move(first), model_, {"dog"});
  ExpectVectors(std::move(a), model_, {"dog", "the first"});
  ExpectVectors(std::move(b), model_, {"token"});
  ASSERT_EQ(gate_.reports().size(), 2u);
  EXPECT_EQ(gate_.reports()[1].requests, 2u);
  EXPECT_EQ(gate_.reports()[1].texts, 3u);
}

TEST(BatchQueueOfThreads, ALoneSmallRequestIsOneBatchOfAllThreads) {
  Gate gate;
  gate.Open();
  const Model model = Load("st-normalize", {.threads = 3});
  BatchQueue queue({}, gate.Watch());
  const Texts texts(20, "the first token");
  ExpectVectors(Add(queue, model, texts), model, texts);
  EXPECT_EQ(gate.reports().size(), 1u);
}

TEST_F(BatchQueueTest, ShortRequestsWaitForOneTurnOfALongOne) {
  Block();
  const Texts many(190, "the first token");  // 950 tokens, five batches.
  std::vector<std::size_t> batches;  // That were run when a request was done; the long one last.
  const auto count = [&](const BatchResult&) { batches.push_back(gate_.reports().size()); };
  const auto all_done = std::make_shared<std::promise<void>>();
  queue_->Add(model_, model_->Tokenize(many), nullptr,
              [count, all_done](const BatchResult& result) {
                count(result);
                all_done->set_value();
              });
  for (int i = 0; i < 10; ++i) queue_->Add(model_, model_->Tokenize(Texts{"dog"}), nullptr, count);
  gate_.Open();
  all_done->get_future().wait();
  ASSERT_EQ(batches.size(), 11u);
  EXPECT_EQ(batches[9], 3u);  // That of Block, one of the long request, theirs.
  EXPECT_GE(batches[10], 6u);
}

TEST_F(BatchQueueTest, ALongRequestComesForwardAmongShortOnes) {
  Block();
  const Texts many(150, "the first token");
  std::promise<std::size_t> batches;
  queue_->Add(model_, model_->Tokenize(many), nullptr,
              [&](const BatchResult&) { batches.set_value(gate_.reports().size()); });
  for (int i = 0; i < 60; ++i) AddWithoutEnd(*queue_);  // 300 tokens.
  gate_.Open();
  // 4 turns of the long one; in between two batches of short ones, or three.
  EXPECT_LE(batches.get_future().get(), 20u);
  queue_.reset();
}

TEST_F(BatchQueueTest, TheModelsHaveTurnsEvenWithoutASharedPool) {
  const Model other = Load("st-dense-tanh", {.threads = 1});
  Block();
  for (int i = 0; i < 3; ++i) AddWithoutEnd(*queue_);
  auto of_other = Add(*queue_, other, {"dog"});
  gate_.Open();
  ExpectVectors(std::move(of_other), other, {"dog"});
  queue_.reset();
}

TEST_F(BatchQueueTest, AnUnloadedModelLivesAsLongAsItsRequests) {
  Model other = Load("st-dense-tanh", {.threads = 2});
  const Matrix<float> expected = other->Embed("dog");
  const std::weak_ptr<const Embedder> watch = other;
  Block();
  auto of_other = Add(*queue_, other, {"dog"});
  other.reset();
  gate_.Open();
  EXPECT_TRUE(SameBits(of_other.get().vectors.view(), expected.view()));
  queue_.reset();
  EXPECT_TRUE(watch.expired());
}

// "dog" and its like can be embedded, the rest of the table of tokens is gone.
class BatchQueueOfACutModel : public BatchQueueTest {
 protected:
  BatchQueueOfACutModel() {
    fs::copy(kGolden / "st-normalize", folder_.Path("model"), fs::copy_options::recursive);
    cut_ = std::make_shared<Embedder>(Embedder::Load(folder_.Path("model"), {.threads = 1}));
    good_ = cut_->Embed("dog");
    fs::resize_file(folder_.Path("model/model.safetensors"), 100);
  }

  const TestFolder folder_;
  Model cut_;
  Matrix<float> good_;
  const std::string_view bad_ = "z y x w v u t s r q p . , ! ? [MASK] 0 1 2 3 the first token";
};

TEST_F(BatchQueueOfACutModel, ARequestThatFailsFailsAlone) {
  Block();
  auto a = Add(*queue_, cut_, {"dog", "dog"});
  auto bad = Add(*queue_, cut_, {"dog", bad_});
  auto b = Add(*queue_, cut_, {"dog"});
  gate_.Open();
  EXPECT_TRUE(SameBits(a.get().vectors.view().Rows(1, 1), good_.view()));
  EXPECT_TRUE(SameBits(b.get().vectors.view(), good_.view()));
  const BatchResult failed = bad.get();
  EXPECT_EQ(failed.vectors.rows(), 0u);
  EXPECT_THAT([&] { Rethrow(failed); }, ThrowsError(ErrorCode::kDataLoss));
  EXPECT_EQ(gate_.reports().at(1).requests, 3u);  // They were in one batch.
  EXPECT_EQ(queue_->tokens(), 0u);
}

TEST_F(BatchQueueOfACutModel, TheRestOfARequestThatFailsIsNotRun) {
  Block();
  Texts texts(150, "dog");
  texts[0] = bad_;
  auto bad = Add(*queue_, cut_, texts);
  auto after = Add(*queue_, cut_, {"dog"});
  gate_.Open();
  EXPECT_THAT([result = bad.get()] { Rethrow(result); }, ThrowsError(ErrorCode::kDataLoss));
  EXPECT_TRUE(SameBits(after.get().vectors.view(), good_.view()));
  std::size_t run = 0;
  for (const BatchReport& report : gate_.reports()) run += report.texts;
  EXPECT_LT(run, 100u);
  EXPECT_EQ(queue_->tokens(), 0u);
}

TEST_F(BatchQueueTest, AbandonedRequestsAreNotRun) {
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  Block();
  auto abandoned = Add(*queue_, model_, {"dog", "dog"}, gone);
  auto patient = Add(*queue_, model_, {"token"}, std::make_shared<std::atomic<bool>>(false));
  *gone = true;
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  gate_.Open();
  EXPECT_THAT([result = abandoned.get()] { Rethrow(result); },
              ThrowsError(ErrorCode::kUnavailable, HasSubstr("nobody waits")));
  ExpectVectors(std::move(patient), model_, {"token"});
  EXPECT_EQ(gate_.reports().back().texts, 1u);
  EXPECT_EQ(queue_->tokens(), 0u);
}

TEST_F(BatchQueueTest, RefusesWhatItHasNoRoomFor) {
  const Texts many(300, "the first token");  // 1,500 tokens.
  Block();
  auto a = Add(*queue_, model_, many);
  const std::size_t tokens = queue_->tokens();
  EXPECT_GT(tokens, 1500u);
  EXPECT_NO_THROW(queue_->CheckRoom(kMostTokens - tokens));
  EXPECT_THROW(queue_->CheckRoom(kMostTokens + 1 - tokens), OverloadedError);
  try {
    queue_->Add(model_, model_->Tokenize(many), nullptr, [](const BatchResult&) { FAIL(); });
    FAIL();
  } catch (const OverloadedError& error) {
    EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
    EXPECT_GE(error.retry_after_seconds(), 1);
    EXPECT_LE(error.retry_after_seconds(), 60);
    EXPECT_THAT(error.what(), HasSubstr("busy"));
  }
  EXPECT_EQ(queue_->tokens(), tokens);
  auto b = Add(*queue_, model_, {"dog"});  // There is room for it.
  gate_.Open();
  ExpectVectors(std::move(a), model_, many);
  ExpectVectors(std::move(b), model_, {"dog"});
  EXPECT_EQ(queue_->tokens(), 0u);
}

TEST_F(BatchQueueTest, RefusesWhatWouldWaitTooLong) {
  std::atomic<bool> hold = false;
  BatchQueue queue({.most_tokens = kMostTokens, .most_seconds = 1e-9},
                   [&](const BatchReport&) { hold.wait(true); });
  ExpectVectors(Add(queue, model_, {"dog"}), model_, {"dog"});  // Now a rate is known.
  hold = true;
  auto under_way = Add(queue, model_, {"dog"});
  EXPECT_THROW(queue.CheckRoom(1), OverloadedError);
  hold = false;
  hold.notify_all();
  ExpectVectors(std::move(under_way), model_, {"dog"});
}

TEST_F(BatchQueueTest, ARequestThatIsAloneMayBeLarger) {
  gate_.Open();
  const Texts many(600, "the first token");
  queue_->CheckRoom(1'000'000);
  ExpectVectors(Add(*queue_, model_, many), model_, many);
}

TEST(BatchQueueRetry, IsWhatTheTokensTakeInWholeSeconds) {
  EXPECT_EQ(BatchQueue::RetrySeconds(100'000, 0), 1);  // Nothing was measured yet.
  EXPECT_EQ(BatchQueue::RetrySeconds(10, 20'000), 1);
  EXPECT_EQ(BatchQueue::RetrySeconds(100'000, 20'000), 5);
  EXPECT_EQ(BatchQueue::RetrySeconds(100'001, 20'000), 6);
  EXPECT_EQ(BatchQueue::RetrySeconds(10'000'000, 20'000), 60);
}

TEST_F(BatchQueueTest, RefusesTokensThatCannotRun) {
  const auto never = [](const BatchResult&) { FAIL(); };
  EXPECT_THAT([&] { queue_->Add(model_, {}, nullptr, never); },
              ThrowsError(ErrorCode::kInvalidArgument, HasSubstr("no texts")));
  EXPECT_THAT([&] { queue_->Add(model_, {.ids = {99999}, .starts = {0, 1}}, nullptr, never); },
              ThrowsError(ErrorCode::kInvalidArgument, HasSubstr("99999")));
  EXPECT_EQ(queue_->tokens(), 0u);
}

TEST_F(BatchQueueTest, ItsEndFinishesWhatRunsAndRefusesTheRest) {
  auto running = Block();
  auto waiting = Add(*queue_, model_, Texts(100, "dog"));
  std::promise<ErrorCode> refused;
  BatchQueue* const queue = queue_.get();
  queue->Add(model_, model_->Tokenize(Texts{"dog"}), nullptr, [&](const BatchResult&) {
    try {
      queue->Add(model_, model_->Tokenize(Texts{"dog"}), nullptr,
                 [](const BatchResult&) { FAIL(); });
    } catch (const Error& error) {
      refused.set_value(error.code());
    }
  });
  std::thread opener([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // The end has begun by then.
    gate_.Open();
  });
  queue_.reset();
  opener.join();
  ExpectVectors(std::move(running), model_, {"dog"});
  EXPECT_THAT([result = waiting.get()] { Rethrow(result); },
              ThrowsError(ErrorCode::kUnavailable, HasSubstr("shutting down")));
  EXPECT_EQ(refused.get_future().get(), ErrorCode::kUnavailable);
}

TEST_F(BatchQueueTest, ItsEndAmongManyRequestsLosesNone) {
  gate_.Open();
  for (int round = 0; round < 20; ++round) {
    auto queue = std::make_unique<BatchQueue>(BatchQueueOptions{});
    std::atomic<int> done = 0;
    for (int i = 0; i < 50; ++i) {
      queue->Add(model_, model_->Tokenize(Texts(1 + i % 7, "the first token")), nullptr,
                 [&](const BatchResult& result) {
                   if (result.error || result.vectors.rows() > 0) ++done;
                 });
    }
    queue.reset();
    EXPECT_EQ(done, 50);
  }
}

}  // namespace
}  // namespace merle
