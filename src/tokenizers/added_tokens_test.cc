#include "tokenizers/added_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "tokenizers/normalizers.h"
#include "tokenizers/pre_tokenizer.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/vocabulary.h"

namespace merle {
namespace {

struct Case {
  const char* name;
  std::vector<AddedToken> tokens;
  const char* text;
  std::string parts;  // Each with its original characters; added tokens with their id: "[a:0-1]=2".
};

class AddedTokensTest : public testing::TestWithParam<Case> {
 protected:
  const Vocabulary vocabulary_{{{"one", 0}, {"[SEP]", 1}}};
  const Lowercase lowercase_;
};

TEST_P(AddedTokensTest, AreCutOutOfTheText) {
  const AddedTokens added(GetParam().tokens, vocabulary_, &lowercase_);
  const PreTokens tokens = added.Extract(GetParam().text, &lowercase_, true);
  std::string parts;
  for (const PreToken& part : tokens.parts) {
    const Offset offset = tokens.text.OffsetOf(part.begin, part.end);
    AppendFormat(parts, "[{}:{}-{}]", tokens.View(part), offset.begin, offset.end);
    if (part.added_id) AppendFormat(parts, "={}", *part.added_id);
  }
  EXPECT_EQ(parts, GetParam().parts);
}

AddedToken Raw(const char* content) { return {.content = content, .normalized = false}; }
AddedToken Normalized(const char* content) { return {.content = content}; }

INSTANTIATE_TEST_SUITE_P(
    Rules, AddedTokensTest,
    testing::ValuesIn(std::vector<Case>{
        {"NoneLeavesTheText", {}, "Ab", "[ab:0-2]"},
        {"EmptyTextHasNoParts", {Raw("[SEP]")}, "", ""},
        {"KnownTokenKeepsItsId", {Raw("[SEP]")}, "A[SEP]b", "[a:0-1][[SEP]:1-6]=1[b:6-7]"},
        {"NewTokensGetTheNextIds", {Raw("x"), Raw("y")}, "yx", "[y:0-1]=3[x:1-2]=2"},
        {"RawIsMatchedBeforeNormalizing", {Raw("X")}, "xX", "[x:0-1][X:1-2]=2"},
        {"NormalizedIsMatchedAfterwards", {Normalized("X")}, "xX", "[x:0-1]=2[x:1-2]=2"},
        {"RawComesFirst", {Normalized("ab"), Raw("AB")}, "ABab", "[AB:0-2]=3[ab:2-4]=2"},
        {"LongestWins", {Raw("a"), Raw("ab")}, "aba", "[ab:0-2]=3[a:2-3]=2"},
        {"LeftmostWins", {Raw("ab"), Raw("bcd")}, "abcd", "[ab:0-2]=2[cd:2-4]"},
        {"SingleWordNeedsBorders",
         {{.content = "a", .single_word = true, .normalized = false}},
         "a ab ba é-a_a",
         "[a:0-1]=2[ ab ba é-a_a:1-13]"},
        {"SingleWordBetweenPunctuation",
         {{.content = "a", .single_word = true, .normalized = false}},
         "(a)",
         "[(:0-1][a:1-2]=2[):2-3]"},
        {"RejectedMatchHidesWhatIsInside",
         {{.content = "abc", .single_word = true, .normalized = false}, Raw("b")},
         "abcd b",
         "[abcd :0-5][b:5-6]=3"},
        {"LstripTakesWhiteSpaceBefore",
         {{.content = "x", .lstrip = true, .normalized = false}},
         "a \u3000x b",
         "[a:0-1][ \u3000x:1-4]=2[ b:4-6]"},
        {"RstripTakesWhiteSpaceAfter",
         {{.content = "x", .rstrip = true, .normalized = false}},
         "a x \n b",
         "[a :0-2][x \n :2-6]=2[b:6-7]"},
        {"LstripStopsAtTheTokenBefore",
         {{.content = "x", .lstrip = true, .rstrip = true, .normalized = false}},
         "x  x",
         "[x  :0-3]=2[x:3-4]=2"},
        {"CharactersAreCounted", {Raw("é")}, "中é文", "[中:0-1][é:1-2]=2[文:2-3]"},
        {"LastOfEqualContentsCounts",
         {Raw("x"), {.content = "x", .lstrip = true, .normalized = false}},
         " x",
         "[ x:0-2]=2"},
    }),
    [](const auto& test) { return test.param.name; });

TEST(AddedTokensTest, RefuseTokensThatLookTheSame) {
  const Vocabulary vocabulary({{"a", 0}});
  const Lowercase lowercase;
  EXPECT_THROW(AddedTokens({Normalized("AB"), Normalized("ab")}, vocabulary, &lowercase), Error);
  EXPECT_NO_THROW(AddedTokens({Normalized("AB"), Normalized("ab")}, vocabulary, nullptr));
}

TEST(AddedTokensTest, RefuseATokenThatNormalizesToNothing) {
  const StripAccents strip;
  EXPECT_THROW(AddedTokens({Normalized("\u0301")}, Vocabulary({{"a", 0}}), &strip), Error);
}

TEST(AddedTokensTest, RefuseAnIdThatTheVocabularyHas) {
  EXPECT_THROW(AddedTokens({Raw("x")}, Vocabulary({{"a", 0}, {"b", 2}}), nullptr), Error);
}

}  // namespace
}  // namespace merle
