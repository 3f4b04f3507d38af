#include "embedding/request_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace merle {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Texts of so many estimated tokens.
class Texts {
 public:
  explicit Texts(const std::vector<std::size_t>& tokens) {
    for (const std::size_t count : tokens) strings_.emplace_back(2 * (count - 1), 'x');
    views_.assign(strings_.begin(), strings_.end());
  }
  const std::vector<std::string_view>& views() const { return views_; }

 private:
  std::vector<std::string> strings_;
  std::vector<std::string_view> views_;
};

TEST(PlanRequests, OfNothingAreNone) { EXPECT_THAT(PlanRequests({}, {}, 4), IsEmpty()); }

TEST(PlanRequests, FillUpToTheTokens) {
  const Texts texts({40, 60, 50, 51, 1, 300, 1});
  EXPECT_THAT(PlanRequests(texts.views(), {.texts = 9, .tokens = 100}, 1),
              ElementsAre(RequestRange{0, 2}, RequestRange{2, 3}, RequestRange{3, 5},
                          RequestRange{5, 6}, RequestRange{6, 7}));
}

TEST(PlanRequests, FillUpToTheNumberOfTexts) {
  const Texts texts(std::vector<std::size_t>(4097, 1));
  EXPECT_THAT(
      PlanRequests(texts.views(), {}, 4),
      ElementsAre(RequestRange{0, 2048}, RequestRange{2048, 4096}, RequestRange{4096, 4097}));
}

TEST(PlanRequests, GiveEachConnectionAShareWhereThereIsEnough) {
  const Texts many(std::vector<std::size_t>(400, 1000));
  EXPECT_THAT(PlanRequests(many.views(), {}, 4),
              ElementsAre(RequestRange{0, 100}, RequestRange{100, 200}, RequestRange{200, 300},
                          RequestRange{300, 400}));
  const Texts few(std::vector<std::size_t>(16, 1000));
  EXPECT_THAT(PlanRequests(few.views(), {}, 4), ElementsAre(RequestRange{0, 16}));
}

}  // namespace
}  // namespace merle
