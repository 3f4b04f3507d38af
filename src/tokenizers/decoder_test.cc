#include "tokenizers/decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json_reader.h"
#include "tokenizers/registry.h"

namespace merle {
namespace {

struct Case {
  const char* name;
  const char* json;
  std::vector<std::string> tokens;
  const char* text;
};

class DecoderTest : public testing::TestWithParam<Case> {};

TEST_P(DecoderTest, GivesTheText) {
  const auto document = JsonDocument::Parse(GetParam().json, "test");
  auto tokens = GetParam().tokens;
  MakeDecoder(document.root())->Decode(tokens);
  std::string text;
  for (const std::string& token : tokens) text += token;
  EXPECT_EQ(text, GetParam().text);
}

constexpr char kTidy[] = R"({"type":"WordPiece","prefix":"##","cleanup":true})";
constexpr char kPlain[] = R"({"type":"WordPiece","prefix":"##","cleanup":false})";

INSTANTIATE_TEST_SUITE_P(
    Rules, DecoderTest,
    testing::ValuesIn(std::vector<Case>{
        {"NothingGivesNothing", kTidy, {}, ""},
        {"JoinsContinuations", kTidy, {"un", "##aff", "##able", "x"}, "unaffable x"},
        {"FirstContinuationKeepsItsPrefix", kTidy, {"##a", "##b"}, "##ab"},
        {"TidiesPunctuation", kTidy, {"a", ",", "b", ".", "c", "?", "!"}, "a, b. c?!"},
        // Token by token, so " ' " never meets the blank of the next token.
        {"ApostrophesStayApart", kTidy, {"it", "'", "s"}, "it ' s"},
        {"ContractionsThatAreTokensJoin", kTidy, {"it", "'s", "do", "n't"}, "it's don't"},
        {"PlainKeepsBlanks", kPlain, {"a", ",", "##b"}, "a ,b"},
        {"Sequence",
         R"({"type":"Sequence","decoders":[{"type":"WordPiece","prefix":"##","cleanup":true}]})",
         {"a", "##b"},
         "ab"},
    }),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace merle
