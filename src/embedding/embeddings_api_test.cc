#include "embedding/embeddings_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/error_matcher.h"

namespace merle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(EmbeddingsBody, IsOpenAisRequest) {
  const std::string_view texts[] = {"a \"b\"\n", "é"};
  EXPECT_EQ(EmbeddingsBody("m", texts, 0),
            R"({"model":"m","input":["a \"b\"\n","é"],"encoding_format":"base64"})");
  EXPECT_EQ(EmbeddingsBody("m", std::span(texts).first(0), 256),
            R"({"model":"m","input":[],"encoding_format":"base64","dimensions":256})");
}

TEST(ParseEmbeddings, TakesBase64AndNumbersInAnyOrder) {
  const EmbeddingsAnswer answer = ParseEmbeddings(
      R"({"object":"list","data":[{"object":"embedding","index":1,"embedding":[-2.5,3]},
          {"object":"embedding","index":0,"embedding":"AACAPwAAAMA="}],
          "model":"m","usage":{"prompt_tokens":7,"total_tokens":7}})",
      2, "it");
  EXPECT_THAT(answer.vectors.Row(0), ElementsAre(1, -2));
  EXPECT_THAT(answer.vectors.Row(1), ElementsAre(-2.5, 3));
  EXPECT_EQ(answer.tokens, 7);
}

TEST(ParseEmbeddings, NeedsNeitherIndexNorUsage) {
  const EmbeddingsAnswer answer =
      ParseEmbeddings(R"({"data":[{"embedding":[1]},{"embedding":[2]}]})", 2, "it");
  EXPECT_THAT(answer.vectors.Row(1), ElementsAre(2));
  EXPECT_EQ(answer.tokens, std::nullopt);
}

struct WrongAnswer {
  const char* name;
  std::string body;
  const char* says;
};

class WrongAnswers : public testing::TestWithParam<WrongAnswer> {};

TEST_P(WrongAnswers, AreRefused) {
  EXPECT_THAT([&] { ParseEmbeddings(GetParam().body, 2, "the answer"); },
              ThrowsError(ErrorCode::kDataLoss, HasSubstr(GetParam().says)));
}

std::string Data(const std::string& items) { return R"({"data":[)" + items + "]}"; }
std::string Second(const std::string& embedding) {
  return Data(R"({"index":0,"embedding":[1,2]},{"index":1,"embedding":)" + embedding + "}");
}

std::string ManyOnes(std::size_t count) {
  std::string ones = "1";
  while (--count > 0) ones += ",1";
  return ones;
}

INSTANTIATE_TEST_SUITE_P(
    Table, WrongAnswers,
    testing::ValuesIn(std::vector<WrongAnswer>{
        {"NotJson", "<html>", "the answer: not valid JSON"},
        {"CutOff", R"({"data":[{"index":0,)", "not valid JSON"},
        {"Empty", "", "not valid JSON"},
        {"NoObject", "[]", "must be an object"},
        {"NoData", "{}", "lacks the key 'data'"},
        {"DataIsNoArray", R"({"data":{"a":1,"b":2}})", "must be an array"},
        {"TooFew", Data(R"({"index":0,"embedding":[1]})"), "has 1 vectors for 2 texts"},
        {"TooMany", Data("1,2,3"), "has 3 vectors for 2 texts"},
        {"NoItem", Data("1,2"), "must be an object"},
        {"IndexTwice", Data(R"({"index":0,"embedding":[1]},{"index":0,"embedding":[1]})"),
         "'index' 0 stands twice"},
        {"IndexBeyond", Data(R"({"index":2,"embedding":[1]},{"index":0,"embedding":[1]})"),
         "is 2, must be 0 to 1"},
        {"IndexBelow", Data(R"({"index":-1,"embedding":[1]},{"index":0,"embedding":[1]})"),
         "is -1"},
        {"NoEmbedding", Data(R"({"index":0},{"index":1})"), "'embedding'"},
        {"AnObject", Second("{}"), "must be an array"},
        {"AWord", Second(R"([1,"2"])"), "must be a number"},
        {"NoNumbers", Second("[]"), "vector 1 has 0 components"},
        {"AnotherLength", Second("[1,2,3]"), "vector 1 has 3 components, another has 2"},
        {"AFirstThatIsLonger",
         Data(R"({"index":0,"embedding":[)" + ManyOnes(500) + R"(]},{"index":1,"embedding":[1]})"),
         "vector 0 has 500 components, another has fewer"},
        {"TooLarge", Second("[1,1e39]"), "vector 1 has a component that is not finite"},
        {"NotANumber", Second(R"("AACAPwAAwH8=")"), "not finite"},
        {"Base64OfOtherBytes", Second(R"("AACAPwAA")"), "is not 32-bit numbers in base64"},
        {"Base64WithoutPadding", Second(R"("AACAPwAAAMA")"), "is not 32-bit numbers in base64"},
        {"Base64OfNothing", Second(R"("")"), "vector 1 has 0 components"},
    }),
    [](const auto& test) { return test.param.name; });

struct Problem {
  const char* name;
  std::string body;
  const char* message;
};

class Problems : public testing::TestWithParam<Problem> {};

TEST_P(Problems, AreUnderstood) {
  EXPECT_EQ(ParseProblem(GetParam().body, "sk-12345").message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Problems,
    testing::ValuesIn(std::vector<Problem>{
        {"OpenAis", R"({"error":{"message":"no","type":"t","param":null,"code":null}})", "no"},
        {"Flat", R"({"message":"batch size 40 > 32","type":"Validation","code":422})",
         "batch size 40 > 32"},
        {"AString", R"({"error":"model not found"})", "model not found"},
        {"Detail", R"({"detail":"Not Found"})", "Not Found"},
        {"Details", R"({"detail":[{"loc":["body"],"msg":"Field required"}]})", "Field required"},
        {"OfAnotherForm", R"({"error":{"message":5}})", ""},
        {"OddDetails", R"({"detail":[5]})", ""},
        {"ANumber", "5", ""},
        {"APage", "<html>\n  <b>502</b>\r\n</html>\n", "<html> <b>502</b> </html>"},
        {"Nothing", "", ""},
        {"WithTheKey", R"({"error":{"message":"bad key sk-12345, sk-12345"}})", "bad key …, …"},
        {"WithControls", "a\x1b[31m\x7f", "a [31m\\x7f"},
        {"NotUtf8", "a\xff", "a\xEF\xBF\xBD"},
    }),
    [](const auto& test) { return test.param.name; });

TEST(ParseProblem, ReadsCodeAndTypeAndShortensTheMessage) {
  const std::string longest(5000, 'x');
  const ApiProblem problem = ParseProblem(
      R"({"error":{"message":")" + longest + R"(","type":"rate","code":"insufficient_quota"}})",
      "");
  EXPECT_EQ(problem.code, "insufficient_quota");
  EXPECT_EQ(problem.type, "rate");
  EXPECT_EQ(problem.message, std::string(300, 'x') + "…");
}

TEST(WithoutSecret, KeepsTextsThatAShortKeyStandsInByChance) {
  EXPECT_EQ(WithoutSecret("none such", "none"), "none such");
  EXPECT_EQ(WithoutSecret("a secret-key b", "secret-key"), "a … b");
  EXPECT_EQ(WithoutSecret("nothing", ""), "nothing");
}

}  // namespace
}  // namespace merle
