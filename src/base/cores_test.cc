#include "base/cores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

namespace merle {
namespace {

struct Machine {
  const char* name;
  std::vector<int> cpus;
  std::vector<std::string> siblings;  // By CPU.
  std::vector<int> chosen;
};

class OneCpuPerCoreOf : public testing::TestWithParam<Machine> {};

TEST_P(OneCpuPerCoreOf, IsTheFirstOfEachCore) {
  const Machine& machine = GetParam();
  const auto siblings = [&](int cpu) { return machine.siblings.at(static_cast<std::size_t>(cpu)); };
  EXPECT_THAT(OneCpuPerCore(machine.cpus, siblings), testing::ElementsAreArray(machine.chosen));
}

INSTANTIATE_TEST_SUITE_P(
    Machines, OneCpuPerCoreOf,
    testing::ValuesIn(std::vector<Machine>{
        {"WithoutHyperThreads", {0, 1}, {"0", "1"}, {0, 1}},
        {"SiblingsSideBySide", {0, 1, 2, 3}, {"0-1", "0-1", "2-3", "2-3"}, {0, 2}},
        {"SiblingsFarApart", {0, 1, 2, 3}, {"0,2", "1,3", "0,2", "1,3"}, {0, 1}},
        {"OnlyTheSecondSiblingAllowed", {1, 2, 3}, {"0-1", "0-1", "2-3", "2-3"}, {1, 2}},
        {"TwoKindsOfCores", {0, 1, 2, 3}, {"0-1", "0-1", "2", "3"}, {0, 2, 3}},
        {"NoCpus", {}, {}, {}},
    }),
    [](const auto& test) { return test.param.name; });

TEST(Cores, AThreadThatKeepsToThemMayUseEachOnce) {
  std::thread([] {
    const std::size_t cores = PhysicalCores();
    KeepToCpus(CpusForThreads(1));
    cpu_set_t allowed;
    ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    // A quota may grant less time than there are cores.
    EXPECT_GE(static_cast<std::size_t>(CPU_COUNT(&allowed)), cores);
    EXPECT_EQ(PhysicalCores(), cores);
  }).join();
}

TEST(Cores, AThreadKeepsToTheCpusItIsGiven) {
  std::thread([] {
    cpu_set_t allowed;
    ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    int first = 0;
    while (!CPU_ISSET(first, &allowed)) ++first;
    KeepToCpus({});
    cpu_set_t after;
    ASSERT_EQ(sched_getaffinity(0, sizeof after, &after), 0);
    EXPECT_TRUE(CPU_EQUAL(&allowed, &after));
    KeepToCpus({first});
    ASSERT_EQ(sched_getaffinity(0, sizeof after, &after), 0);
    EXPECT_EQ(CPU_COUNT(&after), 1);
    EXPECT_TRUE(CPU_ISSET(first, &after));
  }).join();
}

}  // namespace
}  // namespace merle
