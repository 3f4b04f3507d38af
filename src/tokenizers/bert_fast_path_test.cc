// The fast path against the steps one after another, on random Unicode.
#include "tokenizers/bert_fast_path.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/utf8.h"
#include "tokenizers/added_tokens.h"
#include "tokenizers/bert_characters.h"
#include "tokenizers/bert_normalizer.h"
#include "tokenizers/model.h"
#include "tokenizers/pre_tokenizer.h"
#include "tokenizers/pre_tokenizers.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/vocabulary.h"

namespace merle {
namespace {

class BertFastPathTest : public testing::TestWithParam<int> {
 protected:
  // Letters, marks, punctuation, ideographs and jamo, so that few words are unknown.
  static Vocabulary MakeVocabulary() {
    std::vector<Vocabulary::Token> tokens = {{"[UNK]", 0}};
    const auto add = [&](std::string_view prefix, char32_t c) {
      std::string text(prefix);
      AppendUtf8(c, text);
      tokens.push_back({text, static_cast<std::int32_t>(tokens.size())});
    };
    for (const auto& [first, last] : {std::pair<char32_t, char32_t>{0x21, 0x17F},
                                      {0x300, 0x3FF},
                                      {0x600, 0x6FF},
                                      {0x900, 0x97F},
                                      {0x1100, 0x11FF},
                                      {0x302A, 0x302F},
                                      {0x4E00, 0x4E7F},
                                      {0x1D165, 0x1D16D},
                                      {0x1E000, 0x1E02A}}) {
      for (char32_t c = first; c <= last; ++c) {
        add("", c);
        add("##", c);
      }
    }
    for (const char* const word : {"the", "##ing", "a\u0301", "[x", "##\u302E\U0001D165"}) {
      tokens.push_back({word, static_cast<std::int32_t>(tokens.size())});
    }
    return Vocabulary(tokens);
  }

  static BertNormalizerOptions Options(int bits) {
    return {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
  }

  std::string RandomText() {
    static const std::vector<std::pair<char32_t, char32_t>> kRanges = {
        {' ', '~'},         {' ', '~'},         {0, 0x1F},          {0x7F, 0xA0},
        {0xA1, 0x24F},      {0x300, 0x36F},     {0x370, 0x5FF},     {0x600, 0x6FF},
        {0x8D0, 0x97F},     {0x1E00, 0x1FFF},   {0x2000, 0x206F},   {0x302A, 0x302F},
        {0x4E00, 0x4E7F},   {0xAC00, 0xAC40},   {0xF900, 0xF920},   {0xFFF0, 0xFFFD},
        {0x1D165, 0x1D16D}, {0x1E000, 0x1E02A}, {0x2F800, 0x2F820}, {0xE000, 0x10FFFF},
    };
    std::string text;
    for (std::size_t length = random_() % 40; length > 0; --length) {
      if (random_() % 12 == 0) {
        text += random_() % 2 == 0 ? "[SEP]" : random_() % 2 == 0 ? "[SE" : "é!";
        continue;
      }
      const auto [first, last] = kRanges[random_() % kRanges.size()];
      AppendUtf8(first + static_cast<char32_t>(random_()) % (last - first + 1), text);
    }
    return text;
  }

  struct Expected {
    std::vector<std::int32_t> ids;
    std::vector<Offset> offsets;
  };
  Expected StepByStep(std::string_view text) const { return StepByStep(text, added_); }
  Expected StepByStep(std::string_view text, const AddedTokens& added) const {
    PreTokens words = added.Extract(text, &normalizer_, true);
    pre_tokenizer_.Split(words);
    Expected expected;
    for (const PreToken& word : words.parts) {
      std::vector<Token> tokens;
      if (word.added_id) {
        tokens.push_back({*word.added_id, 0, word.end - word.begin});
      } else {
        wordpiece_.Tokenize(words.View(word), tokens);
      }
      for (const auto& [id, begin, end] : tokens) {
        expected.ids.push_back(id);
        expected.offsets.push_back(words.text.OffsetOf(word.begin + begin, word.begin + end));
      }
    }
    return expected;
  }

  void ExpectTheSame(const std::string& text) const {
    const auto [expected, offsets] = StepByStep(text);
    std::vector<std::int32_t> ids;
    ASSERT_EQ(fast_path_->Encode(text, {SIZE_MAX}, ids), expected.size());
    ASSERT_EQ(ids, expected) << testing::PrintToString(text);
    ids.clear();
    std::vector<Offset> fast_offsets;
    if (!fast_path_->Encode(text, ids, fast_offsets)) return;
    ASSERT_EQ(ids, expected) << testing::PrintToString(text);
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      ASSERT_TRUE(fast_offsets.at(i) == offsets[i])
          << testing::PrintToString(text) << " token " << i << ": " << fast_offsets[i].begin << " "
          << fast_offsets[i].end << ", expected " << offsets[i].begin << " " << offsets[i].end;
    }
  }

  std::mt19937 random_{7};
  const BertNormalizer normalizer_{Options(GetParam())};
  const BertPreTokenizer pre_tokenizer_;
  const WordPiece wordpiece_{MakeVocabulary(), {.max_input_chars_per_word = 12}};
  const AddedTokens added_{
      {{.content = "[SEP]", .normalized = false}, {.content = "é!", .normalized = false}},
      wordpiece_.vocabulary(),
      nullptr};
  const std::unique_ptr<const BertFastPath> fast_path_ =
      BertFastPath::Recognize(&normalizer_, &pre_tokenizer_, wordpiece_, added_);
};

TEST_P(BertFastPathTest, GivesTheIdsOfTheSteps) {
  ASSERT_NE(fast_path_, nullptr);
  for (int i = 0; i < 4000; ++i) ASSERT_NO_FATAL_FAILURE(ExpectTheSame(RandomText()));
}

// Words of all lengths, in blocks and across them, up to the end of the text and beyond the limit.
TEST_P(BertFastPathTest, GivesTheIdsOfTheStepsForWordsOfLetters) {
  static constexpr std::string_view kLetters = "theINGx9 [.\1é";
  for (int i = 0; i < 4000; ++i) {
    std::string text;
    for (std::size_t length = random_() % 60; length > 0; --length) {
      const std::size_t most = random_() % 8 == 0 ? kLetters.size() : 8;
      text += kLetters[random_() % most];
    }
    ASSERT_NO_FATAL_FAILURE(ExpectTheSame(ReplaceInvalidUtf8(text)));
  }
}

// Every character alone, between letters, and behind a mark that may change places with it.
TEST_P(BertFastPathTest, GivesTheIdsOfTheStepsForEachCharacter) {
  for (char32_t c = 0; c < 0x30000; c += c < BertCharacters::kEnd ? 1 : 17) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string it;
    AppendUtf8(c, it);
    ASSERT_NO_FATAL_FAILURE(ExpectTheSame(Format("{0} a{0}e \u302E{0}{0}1", it)));
  }
}

// The fast ways for letters and blanks must see these tokens.
TEST_P(BertFastPathTest, FindsAddedTokensOfLettersAndBlanks) {
  for (const std::string_view content : {" t", "he", "9", "N"}) {
    const AddedTokens added({{.content = std::string(content), .normalized = false}},
                            wordpiece_.vocabulary(), nullptr);
    const auto fast_path =
        BertFastPath::Recognize(&normalizer_, &pre_tokenizer_, wordpiece_, added);
    for (const std::string_view text :
         {"the the", "a  the 9Ning x9x", "it the", "nN9 t", " t", ""}) {
      std::vector<std::int32_t> ids;
      fast_path->Encode(text, {SIZE_MAX}, ids);
      EXPECT_EQ(ids, StepByStep(text, added).ids) << content << " in " << text;
    }
  }
}

TEST_P(BertFastPathTest, TakesAnEmptyView) {
  std::vector<std::int32_t> ids;
  EXPECT_EQ(fast_path_->Encode(std::string_view(), {SIZE_MAX}, ids), 0u);
}

TEST_P(BertFastPathTest, GivesOffsetsOfCommonTexts) {
  std::vector<std::int32_t> ids;
  std::vector<Offset> offsets;
  EXPECT_TRUE(
      fast_path_->Encode("Café – naïve, [SEP] 中文 \u0301 Привет ни\u0306 한국어", ids, offsets));
  EXPECT_EQ(ids.size(), offsets.size());
}

TEST_P(BertFastPathTest, StopsAtItsLimit) {
  for (int i = 0; i < 500; ++i) {
    const std::string text = RandomText();
    const auto all = StepByStep(text).ids;
    for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{5}, all.size()}) {
      auto expected = all;
      expected.resize(std::min(limit, all.size()));
      expected.insert(expected.begin(), -1);
      std::vector<std::int32_t> ids = {-1};
      EXPECT_EQ(fast_path_->Encode(text, {limit, false}, ids), all.size());
      EXPECT_EQ(ids, expected);
      ids = {-1};
      EXPECT_EQ(fast_path_->Encode(text, {limit, true}, ids) > limit, all.size() > limit);
      EXPECT_EQ(ids, expected);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(NormalizerOptions, BertFastPathTest, testing::Range(0, 16),
                         [](const auto& test) {
                           return Format("{}{}{}{}", test.param & 1 ? "Clean" : "",
                                         test.param & 2 ? "Chinese" : "",
                                         test.param & 4 ? "Strip" : "",
                                         test.param & 8 ? "Lower" : "") +
                                  (test.param == 0 ? "None" : "");
                         });

TEST(BertFastPathRecognizeTest, TakesThePlainPipelineAlone) {
  const BertNormalizer bert({});
  const BertPreTokenizer pre_tokenizer;
  const WhitespaceSplit split;
  const WordPiece wordpiece(Vocabulary({{"[UNK]", 0}}), {});
  const WordPiece long_words(Vocabulary({{"[UNK]", 0}}), {.max_input_chars_per_word = 1000});
  const auto added = [&](const AddedToken& token) {
    return AddedTokens({token}, wordpiece.vocabulary(), &bert);
  };
  const AddedTokens plain = added({.content = "x", .normalized = false});
  EXPECT_NE(BertFastPath::Recognize(&bert, &pre_tokenizer, wordpiece, plain), nullptr);
  EXPECT_EQ(BertFastPath::Recognize(nullptr, &pre_tokenizer, wordpiece, plain), nullptr);
  EXPECT_EQ(BertFastPath::Recognize(&bert, nullptr, wordpiece, plain), nullptr);
  EXPECT_EQ(BertFastPath::Recognize(&bert, &split, wordpiece, plain), nullptr);
  EXPECT_EQ(BertFastPath::Recognize(&bert, &pre_tokenizer, long_words, plain), nullptr);
  for (const AddedToken& token : std::vector<AddedToken>{
           {.content = "x"},
           {.content = "x", .single_word = true, .normalized = false},
           {.content = "x", .lstrip = true, .normalized = false},
           {.content = "x", .rstrip = true, .normalized = false},
       }) {
    EXPECT_EQ(BertFastPath::Recognize(&bert, &pre_tokenizer, wordpiece, added(token)), nullptr);
  }
}

}  // namespace
}  // namespace merle
