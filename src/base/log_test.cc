#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace merle {
namespace {

class LogTest : public testing::Test {
 protected:
  void Listen() {
    SetLogCallback([this](LogLevel level, std::string_view message) {
      messages_.push_back((level == LogLevel::kWarning ? "warning: " : "") + std::string(message));
    });
  }
  ~LogTest() override { SetLogCallback({}); }

  std::vector<std::string> messages_;
};

TEST_F(LogTest, WithoutACallbackMessagesAreDropped) {
  Log(LogLevel::kWarning, "nobody hears");
  Listen();
  EXPECT_THAT(messages_, testing::IsEmpty());
}

TEST_F(LogTest, TheCallbackGetsLevelAndMessage) {
  Listen();
  Log(LogLevel::kInfo, "one");
  Log(LogLevel::kWarning, "two");
  EXPECT_THAT(messages_, testing::ElementsAre("one", "warning: two"));
}

TEST_F(LogTest, AMessageIsOneLineThatPrints) {
  Listen();
  Log(LogLevel::kInfo, "a\nb\x1b[31m\xFF");
  EXPECT_THAT(messages_, testing::ElementsAre("a\\nb\\x1b[31m\\xff"));
}

TEST_F(LogTest, AfterItIsTakenAwayNothingArrives) {
  Listen();
  SetLogCallback({});
  Log(LogLevel::kInfo, "late");
  EXPECT_THAT(messages_, testing::IsEmpty());
}

TEST_F(LogTest, CallsFromSeveralThreadsComeOneAtATime) {
  Listen();  // Its vector has no lock of its own.
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 100; ++i) Log(LogLevel::kDebug, "tick");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(messages_.size(), 400u);
}

}  // namespace
}  // namespace merle
