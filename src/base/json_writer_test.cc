#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/json_reader.h"

namespace merle {
namespace {

struct Case {
  const char* name;
  std::function<void(JsonWriter&)> write;
  const char* text;
};

class JsonWriterTest : public testing::TestWithParam<Case> {};

TEST_P(JsonWriterTest, Writes) {
  JsonWriter json;
  GetParam().write(json);
  EXPECT_EQ(json.text(), GetParam().text);
  EXPECT_NO_THROW(JsonDocument::Parse(json.text(), "written"));
}

const std::vector<std::int32_t> kIds = {1, -2, 3};
const std::vector<std::string> kWords = {"a", "b"};

INSTANTIATE_TEST_SUITE_P(
    Rows, JsonWriterTest,
    testing::ValuesIn(std::vector<Case>{
        {"EmptyObject", [](JsonWriter& j) { j.BeginObject().EndObject(); }, "{}"},
        {"EmptyArrays",
         [](JsonWriter& j) {
           j.BeginArray().BeginArray().EndArray().BeginArray().EndArray().EndArray();
         },
         "[[],[]]"},
        {"Members",
         [](JsonWriter& j) { j.BeginObject().Key("a").Value(1).Key("b").Value(true).EndObject(); },
         R"({"a":1,"b":true})"},
        {"Nested",
         [](JsonWriter& j) {
           j.BeginObject()
               .Key("a")
               .BeginObject()
               .Key("b")
               .BeginArray()
               .Value("x")
               .Null()
               .EndArray();
           j.EndObject().Key("c").Value(false).EndObject();
         },
         R"({"a":{"b":["x",null]},"c":false})"},
        {"Span", [](JsonWriter& j) { j.Value(std::span<const std::int32_t>(kIds)); }, "[1,-2,3]"},
        {"SpanOfStrings", [](JsonWriter& j) { j.Value(std::span<const std::string>(kWords)); },
         R"(["a","b"])"},
        {"Escapes", [](JsonWriter& j) { j.Value("\"\\/\n\r\t\b\x01\x1F\x7F é"); },
         "\"\\\"\\\\/\\n\\r\\t\\u0008\\u0001\\u001f\x7F é\""},
        {"EscapedKey", [](JsonWriter& j) { j.BeginObject().Key("\"").Value(1).EndObject(); },
         R"({"\"":1})"},
        {"ShortestFloat", [](JsonWriter& j) { j.Value(0.1f); }, "0.1"},
        {"ShortestDouble", [](JsonWriter& j) { j.Value(0.1); }, "0.1"},
        {"LargeFloat", [](JsonWriter& j) { j.Value(1e30f); }, "1e+30"},
        {"NegativeZero", [](JsonWriter& j) { j.Value(-0.0f); }, "-0"},
        {"NaN", [](JsonWriter& j) { j.Value(std::nanf("")); }, "null"},
        {"Infinity",
         [](JsonWriter& j) {
           j.BeginArray().Value(1).Value(std::numeric_limits<double>::infinity()).EndArray();
         },
         "[1,null]"},
        {"SmallestInteger",
         [](JsonWriter& j) { j.Value(std::numeric_limits<std::int64_t>::min()); },
         "-9223372036854775808"},
        {"ClearStartsAgain",
         [](JsonWriter& j) {
           j.BeginArray().Value(1).EndArray();
           j.Clear();
           j.Value(2);
         },
         "2"},
    }),
    [](const auto& test) { return test.param.name; });

TEST(JsonWriterTest, FloatsComeBackExactly) {
  for (const float value : {1.0f / 3, 1.17549435e-38f, 3.4028235e38f, 1.4e-45f, 16777217.0f}) {
    JsonWriter json;
    json.BeginArray().Value(value).EndArray();
    const auto document = JsonDocument::Parse(json.text(), "written");
    EXPECT_EQ(static_cast<float>(document.root().Elements().at(0).AsNumber()), value);
  }
}

TEST(JsonWriterTest, UnsignedIntegersAboveInt64StayPositive) {
  JsonWriter json;
  json.Value(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(json.text(), "18446744073709551615");
}

}  // namespace
}  // namespace merle
