#include "server/request_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/format.h"
#include "embedding/batcher.h"
#include "embedding/embedder.h"

namespace merle {
namespace {

// A line whose requests have names and texts of some tokens each; nothing is computed.
class RequestLineTest : public testing::Test {
 protected:
  std::shared_ptr<BatchRequest> Add(std::string name, const std::vector<std::size_t>& text_tokens,
                                    std::shared_ptr<const Embedder> model = Model(1)) {
    auto request = std::make_shared<BatchRequest>();
    request->embedder = std::move(model);
    request->texts.starts = {0};
    for (const std::size_t tokens : text_tokens) {
      request->texts.ids.resize(request->texts.ids.size() + tokens);
      request->texts.starts.push_back(request->texts.ids.size());
    }
    names_.emplace_back(request, std::move(name));
    line_.Add(request);
    return request;
  }

  // Never looked into: an address is enough.
  static std::shared_ptr<const Embedder> Model(std::size_t number) {
    static constexpr char kAddresses[3] = {};
    return {std::shared_ptr<const Embedder>(),
            reinterpret_cast<const Embedder*>(&kAddresses[number])};
  }

  // "a[0,2) b[0,1)"
  std::string Take(std::size_t tokens) {
    std::string text;
    for (const BatchSlice& slice : line_.Take(tokens)) {
      for (const auto& [request, name] : names_) {
        if (request != slice.request) continue;
        text += Format("{}{}[{},{})", text.empty() ? "" : " ", name, slice.first, slice.last);
      }
    }
    return text;
  }

  RequestLine line_;
  std::vector<std::pair<std::shared_ptr<BatchRequest>, std::string>> names_;
};

TEST_F(RequestLineTest, ABatchIsFilledFromSeveralRequestsInTheirOrder) {
  Add("a", {10, 10});
  Add("b", {10});
  Add("c", {10, 10});
  EXPECT_EQ(line_.tokens(), 50u);
  EXPECT_EQ(Take(40), "a[0,2) b[0,1) c[0,1)");
  EXPECT_EQ(line_.tokens(), 10u);
  EXPECT_EQ(line_.requests(), 1u);
  EXPECT_EQ(Take(40), "c[1,2)");
  EXPECT_TRUE(line_.empty());
}

TEST_F(RequestLineTest, ATextThatIsLongerThanTheBatchRunsAlone) {
  Add("a", {500, 10});
  EXPECT_EQ(Take(kGroupTokens), "a[0,1)");
  EXPECT_EQ(Take(kGroupTokens), "a[1,2)");
}

TEST_F(RequestLineTest, WhoDoesNotFitInWaitsAtTheHeadOfTheLine) {
  Add("a", {50});
  Add("b", {150});
  Add("c", {10});
  EXPECT_EQ(Take(192), "a[0,1)");
  EXPECT_EQ(Take(192), "b[0,1) c[0,1)");
}

TEST_F(RequestLineTest, ALongRequestGoesBehindTheOthersAfterItsTurn) {
  Add("long", std::vector<std::size_t>(100, 64));
  Add("a", {20});
  Add("b", {20});
  EXPECT_EQ(Take(192), "long[0,3)");
  EXPECT_EQ(Take(192), "a[0,1) b[0,1) long[3,5)");  // 128 tokens: its turn is not over.
  Add("c", {20});
  EXPECT_EQ(Take(192), "long[5,8)");
  EXPECT_EQ(Take(192), "c[0,1) long[8,10)");
}

TEST_F(RequestLineTest, ATurnEndsBeforeTheTextThatWouldMakeItTooLong) {
  Add("long", std::vector<std::size_t>(100, 100));
  Add("a", {150});
  EXPECT_EQ(Take(192), "long[0,1)");
  EXPECT_EQ(Take(192), "a[0,1)");
  EXPECT_EQ(Take(192), "long[1,2)");
}

TEST_F(RequestLineTest, ABatchIsOfOneModelAndTheOthersKeepTheirPlace) {
  Add("a", {10}, Model(1));
  Add("b", {10}, Model(2));
  Add("c", {10}, Model(1));
  Add("d", {10}, Model(2));
  EXPECT_EQ(Take(100), "a[0,1) c[0,1)");
  EXPECT_EQ(Take(100), "b[0,1) d[0,1)");
}

TEST_F(RequestLineTest, CountsTheTextsThatNobodyTook) {
  Add("a", {10, 10, 10});
  Add("b", {10});
  EXPECT_TRUE(line_.HasFewerTextsThan(5));
  EXPECT_FALSE(line_.HasFewerTextsThan(4));
  Take(20);
  EXPECT_TRUE(line_.HasFewerTextsThan(3));
  EXPECT_FALSE(line_.HasFewerTextsThan(2));
}

TEST_F(RequestLineTest, DroppedTextsLeaveTheLineAndThoseThatRunStayOpen) {
  const auto a = Add("a", {10, 10, 10});
  const auto b = Add("b", {10});
  Take(10);
  EXPECT_EQ(line_.Drop(*a, std::make_exception_ptr(1)), 20u);
  EXPECT_EQ(a->open, 1u);
  EXPECT_EQ(line_.tokens(), 10u);
  EXPECT_EQ(Take(100), "b[0,1)");
  EXPECT_EQ(line_.Drop(*a, std::make_exception_ptr(1)), 0u);
  EXPECT_EQ(a->open, 1u);
}

TEST_F(RequestLineTest, AbandonedRequestsLeaveIt) {
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  const auto a = Add("a", {10, 10}), b = Add("b", {10}), c = Add("c", {10});
  a->abandoned = b->abandoned = gone;
  Take(10);
  BatchRequests done;
  EXPECT_EQ(line_.DropAbandoned(done), 0u);
  *gone = true;
  EXPECT_EQ(line_.DropAbandoned(done), 20u);
  EXPECT_THAT(done, testing::ElementsAre(b));  // A text of a is in a batch.
  EXPECT_EQ(Take(100), "c[0,1)");
}

}  // namespace
}  // namespace merle
