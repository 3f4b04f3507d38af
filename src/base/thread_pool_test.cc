#include "base/thread_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/cores.h"

namespace merle {
namespace {

class ThreadPoolOfSize : public testing::TestWithParam<std::size_t> {
 protected:
  ThreadPool pool_{GetParam()};
};

TEST_P(ThreadPoolOfSize, RunsEveryIndexOnceManyTimesOver) {
  ASSERT_EQ(pool_.size(), GetParam());
  for (const std::size_t count : {0, 1, 2, 3, 7, 100, 1000}) {
    for (int round = 0; round < 20; ++round) {
      std::vector<std::atomic<int>> runs(count);
      pool_.ParallelFor(count, [&](std::size_t index, std::size_t worker) {
        ASSERT_LT(worker, pool_.size());
        ++runs[index];
      });
      for (const auto& run : runs) ASSERT_EQ(run, 1);
    }
  }
}

TEST_P(ThreadPoolOfSize, ATaskMayCallItAgain) {
  std::atomic<int> runs = 0;
  pool_.ParallelFor(8, [&](std::size_t, std::size_t) {
    pool_.ParallelFor(8, [&](std::size_t, std::size_t) { ++runs; });
  });
  EXPECT_EQ(runs, 64);
}

TEST_P(ThreadPoolOfSize, ThrowsWhatATaskThrowsAndWorksOn) {
  for (int round = 0; round < 20; ++round) {
    EXPECT_THROW(pool_.ParallelFor(50,
                                   [](std::size_t index, std::size_t) {
                                     if (index % 10 == 3) throw std::runtime_error("three");
                                   }),
                 std::runtime_error);
    std::atomic<int> runs = 0;
    pool_.ParallelFor(50, [&](std::size_t, std::size_t) { ++runs; });
    ASSERT_EQ(runs, 50);
  }
}

TEST_P(ThreadPoolOfSize, ServesSeveralCallersAtOnce) {
  std::atomic<int> runs = 0;
  std::vector<std::thread> callers;
  callers.reserve(4);
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        pool_.ParallelFor(10, [&](std::size_t, std::size_t) { ++runs; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(runs, 4 * 50 * 10);
}

INSTANTIATE_TEST_SUITE_P(Sizes, ThreadPoolOfSize, testing::Values(1, 2, 3, 8));

TEST(ThreadPoolTest, ThreadsAreThePhysicalCoresByDefault) {
  EXPECT_GE(PhysicalCores(), 1u);
  EXPECT_LE(PhysicalCores(), std::max(1u, std::thread::hardware_concurrency()));
  EXPECT_EQ(ThreadPool().size(), PhysicalCores());
}

}  // namespace
}  // namespace merle
