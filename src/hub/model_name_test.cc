#include "hub/model_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error_matcher.h"

namespace merle {
namespace {

TEST(ParseModelName, TakesNameAndRevisionApart) {
  EXPECT_EQ(ParseModelName("org/name@v1").repository, "org/name");
  EXPECT_EQ(ParseModelName("org/name@refs/pr/1").revision, "refs/pr/1");
  EXPECT_EQ(ParseModelName("org/name").revision, "main");
}

TEST(ParseModelName, GivesANameWithoutOrganisationThatOfTheReferenceUnlessItIsAnOriginalModel) {
  EXPECT_EQ(ParseModelName("name").repository, "sentence-transformers/name");
  EXPECT_EQ(ParseModelName("bert-base-uncased@v1").repository, "bert-base-uncased");
  EXPECT_EQ(ParseModelName("Bert-Base-Cased").repository, "Bert-Base-Cased");
  EXPECT_EQ(ParseModelName("bert-base").repository, "sentence-transformers/bert-base");
}

TEST(ParseModelName, RefusesWhatNoModelIsCalled) {
  for (const char* name : {"", "org/..", "a/b/c", "org/tiny@../../x", "org/tiny@", "org/ti ny",
                           "org/-x", "or--g/x", "org/tiny@/etc", "x\ny", "org/tiny@a\\b", "org/"}) {
    EXPECT_THAT([&] { ParseModelName(name); }, ThrowsError(ErrorCode::kInvalidArgument)) << name;
  }
}

TEST(IsCommit, IsFortyHexadecimalDigits) {
  EXPECT_TRUE(IsCommit(std::string(40, 'a')));
  EXPECT_FALSE(IsCommit(std::string(39, 'a')));
  EXPECT_FALSE(IsCommit(std::string(40, 'g')));
}

}  // namespace
}  // namespace merle
