#include "server/served_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error_matcher.h"
#include "base/thread_pool.h"
#include "embedding/embedder.h"

namespace merle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Embedder Small() {
  static ThreadPool pool(1);
  return Embedder::Load(MERLE_SOURCE_DIR "/tests/golden/embedding/st-normalize", {.pool = &pool});
}

// Three models of 10 bytes, "a" to "c"; counts how often each was loaded, and does `before` first.
class ServedModelsTest : public testing::Test {
 protected:
  ServedModels Make(std::uint64_t budget, double room_seconds = 0.05) {
    std::vector<ServedModelOptions> models;
    models.reserve(3);
    for (std::size_t i = 0; i < 3; ++i) {
      models.push_back({.id = std::string(1, static_cast<char>('a' + i)),
                        .aliases = {},
                        .revision = {},
                        .bytes = 10,
                        .open = [this, i] {
                          ++loads_[i];
                          if (before_) before_(i);
                          return Small();
                        }});
    }
    models[0].aliases = {"text-embedding-3-small", "ada"};
    return ServedModels(std::move(models), budget, room_seconds);
  }

  std::string Loaded(const ServedModels& models) const {
    std::string names;
    for (const ServedName& name : models.List()) {
      if (name.loaded && name.name == name.model) names += name.name;
    }
    return names;
  }

  std::atomic<int> loads_[3] = {};
  std::function<void(std::size_t model)> before_;
};

TEST_F(ServedModelsTest, AreLoadedWhenFirstAskedForUnderAnyName) {
  ServedModels models = Make(100);
  EXPECT_EQ(models.default_name(), "a");
  EXPECT_FALSE(models.ready());
  EXPECT_FALSE(models.GetLoaded("ada"));
  EXPECT_EQ(Loaded(models), "");
  const ServedModels::Served served = models.Get("ada");
  EXPECT_EQ(served.options->id, "a");
  EXPECT_EQ(models.Get("a").embedder, served.embedder);
  EXPECT_EQ(models.GetLoaded("text-embedding-3-small")->embedder, served.embedder);
  EXPECT_TRUE(models.ready());
  EXPECT_EQ(Loaded(models), "a");
  EXPECT_EQ(loads_[0], 1);
  EXPECT_EQ(models.loaded(), 1u);
  EXPECT_EQ(models.bytes_in_use(), 10u);
}

TEST_F(ServedModelsTest, ListNamesThemAndTheirAliasesInOrder) {
  ServedModels models = Make(100);
  models.Get("b");
  std::vector<std::string> lines;
  for (const ServedName& name : models.List()) {
    lines.push_back(name.name + "=" + name.model + (name.loaded ? " loaded" : ""));
  }
  EXPECT_THAT(lines, ElementsAre("a=a", "text-embedding-3-small=a", "ada=a", "b=b loaded", "c=c"));
}

TEST_F(ServedModelsTest, OtherNamesAreNotFound) {
  ServedModels models = Make(100);
  for (const char* name : {"", "A", "../a", "sentence-transformers/a"}) {
    EXPECT_THAT([&] { models.Get(name); }, ThrowsError(ErrorCode::kNotFound, HasSubstr("served")));
    EXPECT_THAT([&] { models.GetLoaded(name); }, ThrowsError(ErrorCode::kNotFound));
  }
}

TEST_F(ServedModelsTest, ANameGivenTwiceIsRefused) {
  const auto make = [](std::vector<std::string> aliases) {
    std::vector<ServedModelOptions> models;
    models.push_back({.id = "a", .aliases = {}, .revision = {}, .bytes = 1, .open = Small});
    models.push_back(
        {.id = "b", .aliases = std::move(aliases), .revision = {}, .bytes = 1, .open = Small});
    ServedModels(std::move(models), 1);
  };
  make({"c"});
  EXPECT_THAT([&] { make({"a"}); }, ThrowsError(ErrorCode::kAlreadyExists, HasSubstr("'a'")));
  EXPECT_THAT([&] { make({"x", "x"}); }, ThrowsError(ErrorCode::kAlreadyExists, HasSubstr("'x'")));
  EXPECT_THAT([] { ServedModels({}, 1); }, ThrowsError(ErrorCode::kInvalidArgument));
}

TEST_F(ServedModelsTest, TheOneNotUsedForTheLongestTimeGivesWay) {
  ServedModels models = Make(20);
  models.Get("a");
  models.Get("b");
  models.Get("a");
  models.Get("c");
  EXPECT_EQ(Loaded(models), "ac");
  models.GetLoaded("a");
  models.Get("b");
  EXPECT_EQ(Loaded(models), "ab");
  EXPECT_EQ(models.bytes_in_use(), 20u);
  EXPECT_EQ(loads_[0], 1);
  EXPECT_EQ(loads_[1], 2);
}

TEST_F(ServedModelsTest, OneModelIsAlwaysAllowed) {
  ServedModels models = Make(1);
  models.Get("a");
  models.Get("b");
  EXPECT_EQ(Loaded(models), "b");
}

TEST_F(ServedModelsTest, AModelInUseLivesOnAndCounts) {
  ServedModels models = Make(10);
  std::optional<ServedModels::Served> a = models.Get("a");
  EXPECT_THAT([&] { models.Get("b"); },
              ThrowsError(ErrorCode::kUnavailable, HasSubstr("try again")));
  EXPECT_EQ(models.bytes_in_use(), 10u);
  EXPECT_EQ(a->embedder->Embed("dog").rows(), 1u);
  a.reset();
  EXPECT_EQ(models.bytes_in_use(), 0u);
  models.Get("b");
  EXPECT_EQ(Loaded(models), "b");
}

TEST_F(ServedModelsTest, GetWaitsForTheRequestsThatKeepTheMemory) {
  ServedModels models = Make(10, 60);
  std::optional<ServedModels::Served> a = models.Get("a");
  std::thread other([&] { EXPECT_NE(models.Get("b").embedder, nullptr); });
  while (models.loaded() == 1) std::this_thread::yield();  // "a" has left the list, and is in use.
  EXPECT_EQ(models.bytes_in_use(), 10u);
  a.reset();
  other.join();
  EXPECT_EQ(Loaded(models), "b");
}

TEST_F(ServedModelsTest, AnEmbedderMayOutliveThem) {
  std::shared_ptr<const Embedder> embedder = Make(10).Get("a").embedder;
  EXPECT_EQ(embedder->Embed("dog").rows(), 1u);
}

TEST_F(ServedModelsTest, OneThreadLoadsAndTheOthersWaitForItButNotForOtherModels) {
  ServedModels models = Make(100);
  std::promise<void> may_go;
  const std::shared_future<void> go = may_go.get_future().share();
  before_ = [&](std::size_t model) {
    if (model == 0) go.wait();
  };
  std::vector<std::future<ServedModels::Served>> callers;
  callers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    callers.push_back(std::async(std::launch::async, [&] { return models.Get("a"); }));
  }
  while (loads_[0] == 0) std::this_thread::yield();
  EXPECT_FALSE(models.GetLoaded("a"));
  EXPECT_NE(models.Get("b").embedder, nullptr);
  EXPECT_EQ(callers[0].wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  may_go.set_value();
  const ServedModels::Served first = callers[0].get();
  for (std::size_t i = 1; i < callers.size(); ++i) {
    EXPECT_EQ(callers[i].get().embedder, first.embedder);
  }
  EXPECT_EQ(loads_[0], 1);
}

TEST_F(ServedModelsTest, AnErrorReachesAllThatWaitAndTheNextGetTriesAgain) {
  ServedModels models = Make(10);
  std::promise<void> may_fail;
  const std::shared_future<void> fail = may_fail.get_future().share();
  before_ = [&](std::size_t) {
    fail.wait();
    throw Error(ErrorCode::kDataLoss, "broken");
  };
  std::atomic<int> failed = 0, started = 0;
  std::vector<std::thread> callers;
  callers.reserve(4);
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      ++started;
      try {
        models.Get("a");
      } catch (const Error& error) {
        if (error.code() == ErrorCode::kDataLoss) ++failed;
      }
    });
  }
  while (started < 3 || loads_[0] == 0) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // So that they wait, mostly.
  may_fail.set_value();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(failed, 3);
  EXPECT_EQ(models.bytes_in_use(), 0u);
  before_ = nullptr;
  EXPECT_NE(models.Get("a").embedder, nullptr);
}

TEST_F(ServedModelsTest, ManyThreadsUnderATightBudgetAllGetTheirModels) {
  ServedModels models = Make(20, 60);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> callers;
  callers.reserve(4);
  for (std::size_t i = 0; i < 4; ++i) {
    callers.emplace_back([&, i] {
      for (std::size_t round = 0; round < 15; ++round) {
        const std::string name(1, static_cast<char>('a' + (i + round) % 3));
        const ServedModels::Served served = models.Get(name);
        if (served.options->id != name || served.embedder->Embed("dog").rows() != 1) ++wrong;
        if (models.bytes_in_use() > 20) ++wrong;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(models.loaded(), 2u);
}

}  // namespace
}  // namespace merle
