#include "base/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error_matcher.h"

namespace merle {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(JsonReaderTest, ReadsEveryType) {
  const auto document = JsonDocument::Parse(
      R"({"null":null,"bool":true,"integer":-7,"real":2.5,"text":"aé\n","list":[1,2],"object":{"b":1,"a":2}})",
      "test");
  const JsonValue root = document.root();
  EXPECT_TRUE(root.At("null").IsNull());
  EXPECT_EQ(root.Find("null"), std::nullopt);
  EXPECT_EQ(root.Find("missing"), std::nullopt);
  EXPECT_TRUE(root.At("bool").AsBool());
  EXPECT_EQ(root.At("integer").AsInteger(), -7);
  EXPECT_EQ(root.At("integer").AsNumber(), -7.0);
  EXPECT_EQ(root.At("real").AsNumber(), 2.5);
  EXPECT_EQ(root.At("text").AsString(), "aé\n");
  EXPECT_EQ(root.At("list").Size(), 2u);
  EXPECT_EQ(root.At("list").Elements().at(1).AsInteger(), 2);
  std::vector<std::string> keys;
  root.At("object").ForEachMember([&](std::string_view key, JsonValue) { keys.emplace_back(key); });
  EXPECT_THAT(keys, ElementsAre("b", "a"));
}

TEST(JsonReaderTest, StaysValidWhenMoved) {
  auto first = JsonDocument::Parse(R"({"a":1})", "test");
  const JsonValue value = first.root().At("a");
  const JsonDocument second = std::move(first);
  EXPECT_EQ(value.AsInteger(), 1);
  EXPECT_EQ(second.name(), "test");
}

// Python writes integers of any size, and they are in many model files.
TEST(JsonReaderTest, ReadsHugeIntegersAsNumbers) {
  const auto document = JsonDocument::Parse(
      R"({"big":1000000000000000019884624838656,"negative":-100000000000000000000,)"
      R"("text":"99999999999999999999\"99999999999999999999","fraction":0.12345678901234567890123,)"
      R"("largest":9223372036854775807,"unsigned":18446744073709551615})",
      "test");
  const JsonValue root = document.root();
  EXPECT_EQ(root.At("big").AsNumber(), 1e30);
  EXPECT_FALSE(root.At("big").IsInteger());
  EXPECT_EQ(root.At("negative").AsNumber(), -1e20);
  EXPECT_EQ(root.At("text").AsString(), "99999999999999999999\"99999999999999999999");
  EXPECT_EQ(root.At("fraction").AsNumber(), 0.12345678901234567890123);
  EXPECT_EQ(root.At("largest").AsInteger(), 9223372036854775807);
  EXPECT_FALSE(root.At("unsigned").IsInteger());
}

struct BrokenText {
  const char* name;
  std::string text;
  const char* problem;
};

class BrokenJson : public testing::TestWithParam<BrokenText> {};

TEST_P(BrokenJson, IsRefused) {
  EXPECT_THAT(
      [] {
        JsonDocument::Parse(GetParam().text, "file.json", {.max_bytes = 4096, .max_depth = 8});
      },
      ThrowsError(ErrorCode::kDataLoss,
                  AllOf(HasSubstr("file.json: "), HasSubstr(GetParam().problem))));
}

INSTANTIATE_TEST_SUITE_P(Rows, BrokenJson,
                         testing::ValuesIn(std::vector<BrokenText>{
                             {"Empty", "", "not valid JSON"},
                             {"OnlyBlanks", "  ", "not valid JSON"},
                             {"Cut", R"({"a":[1,2)", "not valid JSON"},
                             {"Trailing", "{} {}", "not valid JSON"},
                             {"TrailingComma", "[1,]", "not valid JSON"},
                             {"Comment", "[1] // x", "not valid JSON"},
                             {"NotUtf8", "[\"\xFF\"]", "not valid JSON"},
                             {"LoneSurrogate", R"(["\ud800"])", "not valid JSON"},
                             {"ControlCharacter", "[\"a\nb\"]", "not valid JSON"},
                             {"NaN", "[NaN]", "not valid JSON"},
                             {"TooLargeForADouble", "[1e999]", "not valid JSON"},
                             {"BackslashAtTheEnd", "[12345678901234567890123, \"\\",
                              "not valid JSON"},
                             {"TooDeep", "[[[[[[[[[[1]]]]]]]]]]", "deeper than 8 levels"},
                             {"TooLong", std::string(5000, ' '), "at most 4096"},
                             {"KeyTwice", R"([{"a":{"x":1,"y":2,"x":3}}])", "'x' stands twice"},
                         }),
                         [](const auto& test) { return test.param.name; });

TEST(JsonReaderTest, ReadsWhatIsAsLargeAsASmallLimit) {
  EXPECT_EQ(JsonDocument::Parse("[1]", "it", {.max_bytes = 3}).root().Size(), 1u);
  EXPECT_THAT([&] { JsonDocument::Parse("[1] ", "it", {.max_bytes = 3}); },
              ThrowsError(ErrorCode::kDataLoss, HasSubstr("at most 3")));
}

// As large as vocabularies, where keys are compared through a hash table; and keys that all fall
// upon one place of it, which must not take long.
TEST(JsonReaderTest, FindsAKeyTwiceAmongMany) {
  for (const std::size_t same_bits : {std::size_t{0}, std::size_t{0xFFF}}) {
    std::string text = R"({"first":0)";
    std::size_t count = 0;
    for (std::size_t i = 0; count < 1000; ++i) {
      const std::string key = "key" + std::to_string(i);
      if ((std::hash<std::string_view>()(key) & same_bits) != 0) continue;
      text += ",\"" + key + "\":0";
      ++count;
    }
    EXPECT_EQ(JsonDocument::Parse(text + "}", "file.json").root().Size(), 1001u);
    EXPECT_THAT([&] { JsonDocument::Parse(text + R"(,"first":1})", "file.json"); },
                ThrowsError(ErrorCode::kDataLoss, HasSubstr("'first' stands twice")));
  }
}

struct WrongType {
  const char* name;
  std::function<void(const JsonValue&)> read;
  const char* problem;
};

class WrongJsonType : public testing::TestWithParam<WrongType> {
 protected:
  const JsonDocument document_ = JsonDocument::Parse(
      R"({"text":"x","integer":5,"real":1.5,"list":[true],"object":{"inner":null}})", "file.json");
};

TEST_P(WrongJsonType, NamesTheDocumentAndTheKey) {
  EXPECT_THAT([&] { GetParam().read(document_.root()); },
              ThrowsError(ErrorCode::kDataLoss, std::string("file.json: ") + GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, WrongJsonType,
    testing::ValuesIn(std::vector<WrongType>{
        {"Bool", [](const JsonValue& v) { v.At("text").AsBool(); }, "'text' must be true or false"},
        {"Integer", [](const JsonValue& v) { v.At("real").AsInteger(); },
         "'real' must be an integer"},
        {"IntegerOfText", [](const JsonValue& v) { v.At("text").AsInteger(); },
         "'text' must be an integer"},
        {"TooSmall", [](const JsonValue& v) { v.At("integer").AsInteger(6, 9); },
         "'integer' is 5, must be 6 to 9"},
        {"TooLarge", [](const JsonValue& v) { v.At("integer").AsInteger(0, 4); },
         "'integer' is 5, must be 0 to 4"},
        {"Number", [](const JsonValue& v) { v.At("list").AsNumber(); }, "'list' must be a number"},
        {"String", [](const JsonValue& v) { v.At("integer").AsString(); },
         "'integer' must be a string"},
        {"Elements", [](const JsonValue& v) { v.At("object").Elements(); },
         "'object' must be an array"},
        {"Element", [](const JsonValue& v) { v.At("list").Elements()[0].AsString(); },
         "'list' must be a string"},
        {"Members", [](const JsonValue& v) { v.At("list").ForEachMember({}); },
         "'list' must be an object"},
        {"MissingKey", [](const JsonValue& v) { v.At("other"); }, "lacks the key 'other'"},
        {"MissingInnerKey", [](const JsonValue& v) { v.At("object").At("other"); },
         "'object' (object) lacks the key 'other'"},
        {"FindInAList", [](const JsonValue& v) { v.At("list").Find("a"); },
         "'list' must be an object"},
        {"SizeOfText", [](const JsonValue& v) { v.At("text").Size(); },
         "'text' must be an array or an object"},
        {"Null", [](const JsonValue& v) { v.At("object").At("inner").AsBool(); },
         "'inner' must be true or false"},
    }),
    [](const auto& test) { return test.param.name; });

TEST(JsonReaderTest, FailTakesACode) {
  const auto document = JsonDocument::Parse(R"({"a":1})", "file.json");
  EXPECT_THAT([&] { document.root().At("a").Fail("is new", ErrorCode::kUnimplemented); },
              ThrowsError(ErrorCode::kUnimplemented, std::string("file.json: 'a' is new")));
}

}  // namespace
}  // namespace merle
