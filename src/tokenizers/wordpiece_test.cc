#include "tokenizers/wordpiece.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_matcher.h"
#include "base/format.h"
#include "tokenizers/model.h"
#include "tokenizers/vocabulary.h"

namespace merle {
namespace {

Vocabulary MakeVocabulary(const std::vector<std::string>& texts) {
  std::vector<Vocabulary::Token> tokens;
  tokens.reserve(texts.size());
  for (const std::string& text : texts) {
    tokens.push_back({text, static_cast<std::int32_t>(tokens.size())});
  }
  return Vocabulary(tokens);
}

const std::vector<std::string> kTokens = {"[UNK]", "cat", "cats", "c",   "##at", "##nip",
                                          "##n",   "##s", "é",    "##é", "##",   "a"};

struct Case {
  const char* name;
  std::string word;
  std::string pieces;  // With their bytes: "cat:0-3 ##s:3-4".
};

class WordPieceTest : public testing::TestWithParam<Case> {
 protected:
  const WordPiece wordpiece_{MakeVocabulary(kTokens), {.max_input_chars_per_word = 10}};
};

TEST_P(WordPieceTest, GivesThePieces) {
  std::vector<Token> tokens;
  wordpiece_.Tokenize(GetParam().word, tokens);
  std::string pieces;
  for (const auto& [id, begin, end] : tokens) {
    AppendFormat(pieces, "{}{}:{}-{}", pieces.empty() ? "" : " ",
                 *wordpiece_.vocabulary().TokenOf(id), begin, end);
  }
  EXPECT_EQ(pieces, GetParam().pieces);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, WordPieceTest,
    testing::ValuesIn(std::vector<Case>{
        {"KnownWordIsOnePiece", "cat", "cat:0-3"},
        {"LongestPieceWins", "cats", "cats:0-4"},
        {"LongestContinuationWins", "catnips", "cat:0-3 ##nip:3-6 ##s:6-7"},
        {"NoSteppingBackFromALongestPiece", "catsat", "cats:0-4 ##at:4-6"},
        {"UnknownRestMakesTheWordUnknown", "catz", "[UNK]:0-4"},
        {"UnknownStartMakesTheWordUnknown", "zcat", "[UNK]:0-4"},
        {"EmptyWordHasNoPieces", "", ""},
        {"BytesAreThoseOfTheCharacters", "éés", "é:0-2 ##é:2-4 ##s:4-5"},
        {"PrefixAloneContinuesNothing", "a##", "[UNK]:0-3"},
        {"PrefixInTheWordIsText", "##s", "##s:0-3"},
        {"LongestAllowedWord", "cnnnnnnnnn",
         "c:0-1 ##n:1-2 ##n:2-3 ##n:3-4 ##n:4-5 ##n:5-6 ##n:6-7 ##n:7-8 ##n:8-9 ##n:9-10"},
        {"OneMoreCharacterIsUnknown", "cnnnnnnnnnn", "[UNK]:0-11"},
        {"LengthIsInCharacters", "éééééééééé",
         "é:0-2 ##é:2-4 ##é:4-6 ##é:6-8 ##é:8-10 ##é:10-12 ##é:12-14 ##é:14-16 ##é:16-18 "
         "##é:18-20"},
    }),
    [](const auto& test) { return test.param.name; });

std::vector<std::int32_t> IdsOf(const WordPiece& wordpiece, std::string_view word) {
  std::vector<Token> tokens;
  wordpiece.Tokenize(word, tokens);
  std::vector<std::int32_t> ids;
  ids.reserve(tokens.size());
  for (const Token& token : tokens) ids.push_back(token.id);
  return ids;
}

TEST(WordPieceTest, EmptyPrefixContinuesWithWholeWords) {
  const WordPiece wordpiece(MakeVocabulary({"[UNK]", "ab", "c"}),
                            {.continuing_subword_prefix = ""});
  EXPECT_THAT(IdsOf(wordpiece, "abcab"), testing::ElementsAre(1, 2, 1));
}

TEST(WordPieceTest, NeedsItsUnknownToken) {
  EXPECT_THROW(WordPiece(MakeVocabulary({"a"}), {}), Error);
}

TEST(WordPieceTest, TakesLongWordsWhereTheModelAllowsThem) {
  const WordPiece wordpiece(MakeVocabulary({"[UNK]", "x", "##x", "##xxxx"}),
                            {.max_input_chars_per_word = 1u << 30});
  EXPECT_EQ(IdsOf(wordpiece, std::string(4'000'001, 'x')).size(), 1'000'001u);
}

struct BrokenVocabulary {
  const char* name;
  std::vector<Vocabulary::Token> tokens;
  const char* problem;
};

class VocabularyErrorTest : public testing::TestWithParam<BrokenVocabulary> {};

TEST_P(VocabularyErrorTest, NamesTheProblem) {
  EXPECT_THAT([&] { const Vocabulary vocabulary(GetParam().tokens); },
              ThrowsError(ErrorCode::kInvalidArgument, testing::HasSubstr(GetParam().problem)));
}

INSTANTIATE_TEST_SUITE_P(Rows, VocabularyErrorTest,
                         testing::ValuesIn(std::vector<BrokenVocabulary>{
                             {"NegativeId", {{"a", -1}}, "has id -1"},
                             {"IdFarAway", {{"a", 5000}}, "has id 5000"},
                             {"IdTwice", {{"a", 0}, {"b", 0}}, "the same id 0"},
                             {"TokenTwice", {{"a", 0}, {"a", 1}}, "stands twice"},
                             {"EmptyTokenTwice", {{"", 0}, {"", 1}}, "stands twice"},
                         }),
                         [](const auto& test) { return test.param.name; });

TEST(VocabularyTest, MayHaveGapsAndAnEmptyToken) {
  const Vocabulary vocabulary({{"a", 0}, {"", 2}, {"b", 7}});
  EXPECT_EQ(vocabulary.size(), 3u);
  EXPECT_EQ(vocabulary.id_limit(), 8u);
  EXPECT_EQ(vocabulary.IdOf(""), 2);
  EXPECT_EQ(vocabulary.IdOf("b"), 7);
  EXPECT_EQ(vocabulary.TokenOf(2), "");
  EXPECT_EQ(vocabulary.TokenOf(1), std::nullopt);
  EXPECT_EQ(vocabulary.TokenOf(8), std::nullopt);
  EXPECT_EQ(vocabulary.TokenOf(-1), std::nullopt);
}

}  // namespace
}  // namespace merle
