#include "tokenizers/post_processor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error_matcher.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "tokenizers/registry.h"

namespace merle {
namespace {

// "101:0 A:0 102:0": the special tokens and texts of a template with their type ids.
std::string Show(const Template& parts) {
  std::string out;
  for (const auto& [kind, type_id, id] : parts) {
    const std::string name = kind == TemplatePart::Kind::kFirst    ? "A"
                             : kind == TemplatePart::Kind::kSecond ? "B"
                                                                   : Format("{}", id);
    AppendFormat(out, "{}{}:{}", out.empty() ? "" : " ", name, type_id);
  }
  return out;
}

struct Case {
  const char* name;
  std::string json;
  const char* single;
  const char* pair;
};

class PostProcessorTest : public testing::TestWithParam<Case> {};

TEST_P(PostProcessorTest, ReadsItsTemplates) {
  const auto document = JsonDocument::Parse(GetParam().json, "test");
  const PostProcessor processor = MakePostProcessor(document.root());
  EXPECT_EQ(Show(processor.single), GetParam().single);
  EXPECT_EQ(Show(processor.pair), GetParam().pair);
}

constexpr char kBert[] = R"({"type":"BertProcessing","sep":["[SEP]",102],"cls":["[CLS]",101]})";
constexpr char kTemplate[] =
    R"({"type":"TemplateProcessing",
        "single":[{"SpecialToken":{"id":"S","type_id":2}},{"Sequence":{"id":"A","type_id":1}}],
        "pair":[{"Sequence":{"id":"B","type_id":0}},{"SpecialToken":{"id":"E","type_id":0}},
                {"Sequence":{"id":"A","type_id":3}}],
        "special_tokens":{"S":{"id":"S","ids":[7,8],"tokens":["s","t"]},
                          "E":{"id":"E","ids":[],"tokens":[]}}})";

INSTANTIATE_TEST_SUITE_P(
    Steps, PostProcessorTest,
    testing::ValuesIn(std::vector<Case>{
        {"Bert", kBert, "101:0 A:0 102:0", "101:0 A:0 102:0 B:1 102:1"},
        {"TemplateWithSeveralIdsAndNone", kTemplate, "7:2 8:2 A:1", "B:0 A:3"},
        {"SequenceOfOne", Format(R"({{"type":"Sequence","processors":[{}]}})", kBert),
         "101:0 A:0 102:0", "101:0 A:0 102:0 B:1 102:1"},
        {"SequenceOfNone", R"({"type":"Sequence","processors":[]})", "A:0", "A:0 B:1"},
    }),
    [](const auto& test) { return test.param.name; });

struct BadTemplate {
  const char* name;
  std::string single, pair;  // Sequences: "AB".
  const char* says;
};

class PostProcessorDamage : public testing::TestWithParam<BadTemplate> {};

// Else a text cut to max_length would be longer or vanish.
TEST_P(PostProcessorDamage, IsReported) {
  const auto sequences = [](const std::string& ids) {
    std::vector<std::string> parts;
    for (const char id : ids) {
      parts.push_back(Format(R"({{"Sequence":{{"id":"{}","type_id":0}}}})", id));
    }
    return Join(parts, ",");
  };
  const auto document = JsonDocument::Parse(
      Format(R"({{"type":"TemplateProcessing","single":[{}],"pair":[{}],"special_tokens":{{}}}})",
             sequences(GetParam().single), sequences(GetParam().pair)),
      "test");
  EXPECT_THAT([&] { MakePostProcessor(document.root()); },
              ThrowsError(ErrorCode::kDataLoss, testing::HasSubstr(GetParam().says)));
}

INSTANTIATE_TEST_SUITE_P(Rows, PostProcessorDamage,
                         testing::ValuesIn(std::vector<BadTemplate>{
                             {"NoText", "", "AB", "'single' must use the sequence A once"},
                             {"TextTwice", "AA", "AB", "'single' must use the sequence A once"},
                             {"SecondAlone", "AB", "AB", "'single' must not use the sequence B"},
                             {"PairWithoutFirst", "A", "B", "'pair' must use the sequence A once"},
                             {"PairWithoutSecond", "A", "A", "'pair' must use the sequence B once"},
                             {"SecondTwice", "A", "BAB", "'pair' must use the sequence B once"},
                         }),
                         [](const auto& test) { return test.param.name; });

TEST(PostProcessorTest, CountsItsSpecialTokens) {
  EXPECT_EQ(BertPostProcessor(1, 2).SpecialTokens(false), 2u);
  EXPECT_EQ(BertPostProcessor(1, 2).SpecialTokens(true), 3u);
  EXPECT_EQ(PostProcessor().SpecialTokens(true), 0u);
}

}  // namespace
}  // namespace merle
