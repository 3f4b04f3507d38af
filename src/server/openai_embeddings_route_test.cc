// What OpenAI's clients see: every form of input, both encodings, each refusal.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "embedding/embedder.h"
#include "server/message.h"
#include "server/service.h"
#include "server/service_test.h"
#include "tensor/matrix.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kPath = "/v1/embeddings";

// The rows that the library gives.
Matrix<float> LibraryVectors(std::string_view model, const std::vector<std::string_view>& texts,
                             std::size_t dim = 0) {
  return Embedder::Load(GoldenModel(model)).Embed(texts, {.truncate_dim = dim, .normalize = true});
}

std::vector<float> Row(const Matrix<float>& vectors, std::size_t row) {
  const auto numbers = vectors.Row(row);
  return {numbers.begin(), numbers.end()};
}

class EmbeddingsRoute : public testing::Test {
 protected:
  JsonDocument Succeed(std::string_view body) {
    const Reply reply = service_.Post(kPath, body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return JsonOf(reply);
  }

  AskedService service_{GoldenOptions("st-pooling-mean")};
};

TEST_F(EmbeddingsRoute, GivesTheLibrarysVectorsToTheBit) {
  const auto reply = Succeed(R"({"model":"small","input":["hello world","the first token",
                                 "a longer text of many more words than the others have"]})");
  const auto wanted = LibraryVectors(
      "st-pooling-mean",
      {"hello world", "the first token", "a longer text of many more words than the others have"});
  const auto data = reply.root().At("data").Elements();
  ASSERT_EQ(data.size(), 3u);
  for (std::size_t i = 0; i < data.size(); ++i) {
    EXPECT_EQ(data[i].At("object").AsString(), "embedding");
    EXPECT_EQ(data[i].At("index").AsInteger(), static_cast<std::int64_t>(i));
    EXPECT_EQ(FloatsOf(data[i].At("embedding")), Row(wanted, i));
  }
  EXPECT_EQ(reply.root().At("object").AsString(), "list");
  EXPECT_EQ(reply.root().At("model").AsString(), "small");
}

TEST_F(EmbeddingsRoute, CountsTheTokensThatRunWithSpecialOnes) {
  const auto reply = Succeed(R"({"model":"small","input":["hello world","the"]})");
  const JsonValue usage = reply.root().At("usage");
  EXPECT_EQ(usage.Size(), 2u);
  EXPECT_EQ(usage.At("prompt_tokens").AsInteger(), 7);
  EXPECT_EQ(usage.At("total_tokens").AsInteger(), 7);
}

TEST_F(EmbeddingsRoute, WritesBase64OfTheSameNumbers) {
  const auto reply =
      Succeed(R"({"model":"small","input":"hello world","encoding_format":"base64"})");
  const auto vectors = LibraryVectors("st-pooling-mean", {"hello world"});
  const auto bytes = std::as_bytes(vectors.Row(0));
  EXPECT_EQ(DecodeBase64(reply.root().At("data").Elements()[0].At("embedding").AsString()),
            std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

TEST_F(EmbeddingsRoute, CutsDimensionsToUnitLength) {
  const auto reply = Succeed(R"({"model":"small","input":"hello world","dimensions":3})");
  const auto vector = FloatsOf(reply.root().At("data").Elements()[0].At("embedding"));
  EXPECT_EQ(vector, Row(LibraryVectors("st-pooling-mean", {"hello world"}, 3), 0));
  float squares = 0;
  for (const float x : vector) squares += x * x;
  EXPECT_NEAR(squares, 1, 1e-6);
}

// /tokenize gives ids with the special tokens; sent back, they stand for the text.
TEST_F(EmbeddingsRoute, TakesIdsAsTheyAre) {
  const auto ids =
      Embedder::Load(GoldenModel("st-pooling-mean")).tokenizer().Encode("hello world").ids;
  JsonWriter json;
  json.Value(std::span(ids));
  const auto wanted = Row(LibraryVectors("st-pooling-mean", {"hello world"}), 0);
  const auto one = Succeed(Format(R"({{"model":"small","input":{}}})", json.text()));
  EXPECT_EQ(FloatsOf(one.root().At("data").Elements()[0].At("embedding")), wanted);
  const auto two = Succeed(Format(R"({{"model":"small","input":[[5,6],{}]}})", json.text()));
  EXPECT_EQ(FloatsOf(two.root().At("data").Elements()[1].At("embedding")), wanted);
  EXPECT_EQ(two.root().At("usage").At("prompt_tokens").AsInteger(),
            static_cast<std::int64_t>(ids.size() + 2));
}

struct Accepted {
  const char* name;
  std::string body;
};

class AcceptedBody : public EmbeddingsRoute, public testing::WithParamInterface<Accepted> {};

TEST_P(AcceptedBody, IsAnswered) { Succeed(GetParam().body); }

INSTANTIATE_TEST_SUITE_P(
    Bodies, AcceptedBody,
    testing::ValuesIn(std::vector<Accepted>{
        {"TheModelsOwnName", R"({"model":"org/st-pooling-mean","input":"a"})"},
        {"AUser", R"({"model":"small","input":"a","user":"me"})"},
        {"UnknownFields", R"({"model":"small","input":"a","service_tier":"auto","x":{"y":[1]}})"},
        {"HugeNumbersInThem",
         R"({"model":"small","input":"a","x":[123456789012345678901234567890,1e300]})"},
        {"WholeNumbersWithAFraction", R"({"model":"small","input":[5.0,6],"dimensions":3.0})"},
        {"NullsAreAbsent",
         R"({"model":"small","input":"a","dimensions":null,"encoding_format":null,"user":null})"},
        {"AllDimensions", R"({"model":"small","input":"a","dimensions":16})"},
        {"TheNulCharacter", R"({"model":"small","input":"a\u0000b"})"},
        {"CutOnRequest",
         Format(R"({{"model":"small","input":"{}","truncate":true}})", std::string(400, 'a'))},
    }),
    [](const auto& test) { return test.param.name; });

struct Refused {
  const char* name;
  std::string body;
  int status;
  std::string param;    // Empty: null.
  std::string code;     // Empty: null.
  std::string message;  // Part of it.
};

class RefusedBody : public EmbeddingsRoute, public testing::WithParamInterface<Refused> {};

TEST_P(RefusedBody, IsExplained) {
  const Refused& wanted = GetParam();
  const Reply reply = service_.Post(kPath, wanted.body);
  EXPECT_EQ(reply.status, wanted.status) << reply.body;
  const auto json = JsonOf(reply);
  const JsonValue error = json.root().At("error");
  EXPECT_EQ(error.Size(), 4u);  // All are there, null or not.
  EXPECT_THAT(std::string(error.At("message").AsString()), HasSubstr(wanted.message));
  const auto text = [&](std::string_view key) {
    const auto value = error.Find(key);
    return value ? std::string(value->AsString()) : std::string();
  };
  EXPECT_EQ(text("param"), wanted.param);
  EXPECT_EQ(text("code"), wanted.code);
  EXPECT_EQ(text("type"),
            wanted.code == "max_tokens_per_request" ? wanted.code : "invalid_request_error");
}

std::string Body(std::string_view rest) { return Format(R"({{"model":"small",{}}})", rest); }

// [x,x,…]
std::string Repeated(std::string_view item, std::size_t count) {
  std::string list = "[";
  for (std::size_t i = 0; i < count; ++i) list.append(i == 0 ? "" : ",").append(item);
  return list + "]";
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, RefusedBody,
    testing::ValuesIn(std::vector<Refused>{
        {"Nothing", "", 400, "", "", "not valid JSON"},
        {"NoJson", "{", 400, "", "", "not valid JSON"},
        {"AList", "[]", 400, "", "", "must be a JSON object"},
        {"AKeyTwice", R"({"model":"small","model":"small","input":"a"})", 400, "", "",
         "stands twice"},
        {"TooDeep", Body("\"input\":" + std::string(100, '[') + std::string(100, ']')), 400, "", "",
         "nested deeper than 32"},
        {"NoModel", R"({"input":"a"})", 400, "model", "missing_required_parameter",
         "Missing required parameter: 'model'."},
        {"ANumberAsModel", R"({"model":1,"input":"a"})", 400, "model", "invalid_type",
         "expected a string, but got an integer"},
        {"AnUnknownModel", R"({"model":"/etc/passwd","input":"a"})", 404, "model",
         "model_not_found",
         "The model `/etc/passwd` does not exist or you do not have access to it."},
        {"NoInput", R"({"model":"small"})", 400, "input", "missing_required_parameter", "'input'"},
        {"AnEmptyList", Body(R"("input":[])"), 400, "input", "",
         "'$.input' is invalid. Please check the API reference: "
         "https://platform.openai.com/docs/api-reference. input is an empty list."},
        {"AnEmptyText", Body(R"("input":"")"), 400, "input", "", "input is an empty string"},
        {"AnEmptyTextInAList", Body(R"("input":["a",""])"), 400, "input", "",
         "input[1] is an empty string"},
        {"AnEmptyListOfIds", Body(R"("input":[[]])"), 400, "input", "",
         "input[0] is an empty list"},
        {"AnObject", Body(R"("input":{"text":"a"})"), 400, "input", "", "input is an object"},
        {"TextsAndIds", Body(R"("input":["a",[5]])"), 400, "input", "", "input[1] is an array"},
        {"IdsAndTexts", Body(R"("input":[[5],"a"])"), 400, "input", "", "input[1] is a string"},
        {"AnIdAndAText", Body(R"("input":[5,"a"])"), 400, "input", "", "input[1] is a string"},
        {"ABoolean", Body(R"("input":[true])"), 400, "input", "", "input[0] is a boolean"},
        {"ANegativeId", Body(R"("input":[5,-1])"), 400, "input", "", "input[1] is -1"},
        {"AFraction", Body(R"("input":[5.5])"), 400, "input", "", "input[0] is a number"},
        {"AHugeId", Body(R"("input":[99999999999999999999])"), 400, "input", "",
         "input[0] is a number"},
        {"AnIdOfOpenAis", Body(R"("input":[[5,100257]])"), 400, "input", "",
         "OpenAIEmbeddings(check_embedding_ctx_length=False)"},
        {"TooManyInputs", Body("\"input\":" + Repeated("\"a\"", 2049)), 400, "input", "",
         "It has 2049 inputs, one request may have 2048."},
        {"TooLong", Body(Format(R"("input":["a","{}"])", std::string(70, '!'))), 400, "input",
         "context_length_exceeded",
         "This model's maximum context length is 64 tokens, however you requested 72 tokens (72 in "
         "your prompt; 0 for the completion). Please reduce your prompt; or completion length. It "
         "is input 2 of 2"},
        {"TooManyIds", Body("\"input\":" + Repeated("5", 65)), 400, "input",
         "context_length_exceeded", "you requested 65 tokens"},
        {"AnUnknownEncoding", Body(R"("input":"a","encoding_format":"hex")"), 400,
         "encoding_format", "invalid_value", "Supported values are: 'float', 'base64'."},
        {"NoDimensions", Body(R"("input":"a","dimensions":0)"), 400, "dimensions",
         "integer_below_min_value", "Expected a value >= 1, but got 0 instead."},
        {"NegativeDimensions", Body(R"("input":"a","dimensions":-9223372036854775808)"), 400,
         "dimensions", "integer_below_min_value", ">= 1"},
        {"TooManyDimensions", Body(R"("input":"a","dimensions":2147483648)"), 400, "dimensions",
         "integer_above_max_value", "<= 16"},
        {"HugeDimensions", Body(R"("input":"a","dimensions":1e300)"), 400, "dimensions",
         "invalid_type", "expected an integer, but got a number"},
        {"DimensionsAsText", Body(R"("input":"a","dimensions":"3")"), 400, "dimensions",
         "invalid_type", "expected an integer, but got a string"},
        {"AUserThatIsNone", Body(R"("input":"a","user":1)"), 400, "user", "invalid_type", "'user'"},
        {"TruncateAsText", Body(R"("input":"a","truncate":"yes")"), 400, "truncate", "invalid_type",
         "a boolean"},
        {"AnUnknownPrompt", Body(R"("input":"a","prompt_name":"poem")"), 400, "prompt_name", "",
         "poem"},
    }),
    [](const auto& test) { return test.param.name; });

TEST(EmbeddingsLimits, HoldForTheWholeRequest) {
  ServiceOptions options = GoldenOptions("st-pooling-mean");
  options.request_tokens = 10;
  options.inputs = 4;
  AskedService service(std::move(options));
  const Reply many = service.Post(kPath, Body(R"("input":["hello world","hello world","a"])"));
  EXPECT_EQ(many.status, 400);
  EXPECT_THAT(many.body, HasSubstr("Requested 11 tokens, max 10 tokens per request"));
  EXPECT_THAT(many.body, HasSubstr(R"("code":"max_tokens_per_request")"));
  EXPECT_THAT(service.Post(kPath, Body(R"("input":["a","a","a","a","a"])")).body,
              HasSubstr("one request may have 4"));
}

TEST(EmbeddingsCut, IsToldInAHeader) {
  ServiceOptions options = GoldenOptions("st-short");  // At most 8 tokens.
  options.cut_long = true;
  AskedService service(std::move(options));
  const std::string texts = R"("input":["hello","a b c d e f g h i j k","l m n o p q r s t u"])";
  const Reply cut = service.Post(kPath, Body(texts));
  EXPECT_EQ(cut.status, 200);
  EXPECT_EQ(HeaderOf(cut, "x-merle-truncated-inputs"), "2");
  EXPECT_EQ(service.Post(kPath, Body(texts + R"(,"truncate":false)")).status, 400);
  EXPECT_EQ(HeaderOf(service.Post(kPath, Body(R"("input":"hello")")), "x-merle-truncated-inputs"),
            "");
}

TEST(EmbeddingsCut, TakesTheSideThatTheRequestNames) {
  AskedService service(GoldenOptions("st-short"));
  const auto vector = [&](std::string_view rest) {
    const Reply reply = service.Post(kPath, Body(rest));
    EXPECT_EQ(reply.status, 200) << reply.body;
    const auto json = JsonOf(reply);
    return FloatsOf(json.root().At("data").Elements()[0].At("embedding"));
  };
  const std::string text = R"("input":"a b c d e f g h","truncate":true)";  // Six have room.
  EXPECT_EQ(vector(text), vector(R"("input":"a b c d e f")"));
  EXPECT_EQ(vector(text + R"(,"truncation_direction":"left")"), vector(R"("input":"c d e f g h")"));
}

TEST(EmbeddingsIds, CanBeRefused) {
  ServiceOptions options = GoldenOptions("st-pooling-mean");
  options.take_token_ids = false;
  AskedService service(std::move(options));
  const Reply reply = service.Post(kPath, Body(R"("input":[5])"));
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("check_embedding_ctx_length=False"));
}

TEST(EmbeddingsPrompt, IsTheOneNamed) {
  AskedService service(GoldenOptions("st-prompts"));
  const Reply reply = service.Post(kPath, Body(R"("input":"hello","prompt_name":"query")"));
  ASSERT_EQ(reply.status, 200) << reply.body;
  const auto json = JsonOf(reply);
  const auto wanted =
      Embedder::Load(GoldenModel("st-prompts"))
          .Embed("hello", {.prompt = {.text = {}, .name = "query"}, .normalize = true});
  EXPECT_EQ(FloatsOf(json.root().At("data").Elements()[0].At("embedding")), Row(wanted, 0));
}

}  // namespace
}  // namespace merle
