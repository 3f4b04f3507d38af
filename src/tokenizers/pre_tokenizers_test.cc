#include "tokenizers/pre_tokenizers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/json_reader.h"
#include "tokenizers/pre_tokenizer.h"
#include "tokenizers/registry.h"

namespace merle {
namespace {

struct Case {
  const char* name;
  const char* json;
  const char* text;
  std::vector<std::string> words;
};

class PreTokenizerTest : public testing::TestWithParam<Case> {};

TEST_P(PreTokenizerTest, CutsTheText) {
  const auto document = JsonDocument::Parse(GetParam().json, "test");
  PreTokens tokens{AlignedText(0, false), {}};
  tokens.text.AppendOriginal(GetParam().text, 0);
  tokens.parts = {{0, tokens.text.text().size(), std::nullopt}};
  MakePreTokenizer(document.root())->Split(tokens);
  std::vector<std::string> words;
  words.reserve(tokens.parts.size());
  for (const PreToken& part : tokens.parts) words.emplace_back(tokens.View(part));
  EXPECT_EQ(words, GetParam().words);
}

constexpr char kBert[] = R"({"type":"BertPreTokenizer"})";
constexpr char kSplit[] = R"({"type":"WhitespaceSplit"})";
constexpr char kWhitespace[] = R"({"type":"Whitespace"})";

INSTANTIATE_TEST_SUITE_P(
    Steps, PreTokenizerTest,
    testing::ValuesIn(std::vector<Case>{
        {"BertDropsWhiteSpace", kBert, "  a\u3000b\n", {"a", "b"}},
        {"BertIsolatesPunctuation",
         kBert,
         "it's (ok)!!",
         {"it", "'", "s", "(", "ok", ")", "!", "!"}},
        {"BertTakesUnicodePunctuation", kBert, "a—b。", {"a", "—", "b", "。"}},
        {"BertLeavesSymbols", kBert, "5€ x×y", {"5€", "x×y"}},
        {"BertOnOnlyWhiteSpace", kBert, " \t ", {}},
        {"SplitKeepsPunctuation", kSplit, " it's (ok) ", {"it's", "(ok)"}},
        {"WhitespaceSeparatesWords",
         kWhitespace,
         "it's ok!! ...x",
         {"it", "'", "s", "ok", "!!", "...", "x"}},
        {"SequenceCutsFurther",
         R"({"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"BertPreTokenizer"}]})",
         "a-b c",
         {"a", "-", "b", "c"}},
    }),
    [](const auto& test) { return test.param.name; });

TEST(PreTokenizerTest, LeavesAddedTokensAlone) {
  PreTokens tokens{AlignedText(0, false), {}};
  tokens.text.AppendOriginal("a-b[X Y]c", 0);
  tokens.parts = {{0, 3, std::nullopt}, {3, 8, 7}, {8, 9, std::nullopt}};
  BertPreTokenizer().Split(tokens);
  ASSERT_EQ(tokens.parts.size(), 5u);
  EXPECT_EQ(tokens.View(tokens.parts[3]), "[X Y]");
  EXPECT_EQ(tokens.parts[3].added_id, 7);
}

}  // namespace
}  // namespace merle
