#include "embedding/prompts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/error_matcher.h"

namespace merle {
namespace {

TEST(PromptsTest, ATextWinsOverANameAndANameOverTheDefault) {
  const Prompts prompts({{"query", "q: "}, {"other", "o: "}}, "other");
  EXPECT_EQ(prompts.Choose({}), "o: ");
  EXPECT_EQ(prompts.Choose({.name = "query"}), "q: ");
  EXPECT_EQ(prompts.Choose({.text = "t: ", .name = "query"}), "t: ");
  EXPECT_EQ(prompts.Choose({.text = ""}), "");
}

TEST(PromptsTest, QueryAndDocumentAreAlwaysThere) {
  const Prompts prompts({{"other", "o: "}}, "other");
  EXPECT_EQ(prompts.Choose({.name = "document"}), "") << "and switch the default off";
  EXPECT_EQ(Prompts().Choose({}), "");
}

TEST(PromptsTest, ATextMustBeUtf8) {
  EXPECT_THAT([] { Prompts().Choose({.text = "a\xFF"}); },
              ThrowsError(ErrorCode::kInvalidArgument,
                          testing::HasSubstr("the prompt is not UTF-8: byte 1 (0xFF)")));
}

TEST(PromptsTest, AnUnknownNameListsTheKnownOnes) {
  const Prompts prompts({{"other", "o: "}}, std::nullopt);
  EXPECT_THAT(
      [&] { prompts.Choose({.name = "queries"}); },
      ThrowsError(ErrorCode::kInvalidArgument, testing::HasSubstr("'document', 'other', 'query'")));
  EXPECT_THROW(Prompts({}, "none"), Error);
}

}  // namespace
}  // namespace merle
