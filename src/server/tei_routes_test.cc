// The routes besides OpenAI's: text-embeddings-inference's, llama.cpp's and Cohere's forms.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apply/similarity.h"
#include "base/json_reader.h"
#include "embedding/embedder.h"
#include "models/encoder_model.h"
#include "server/message.h"
#include "server/service.h"
#include "server/service_test.h"
#include "tensor/matrix.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

using testing::HasSubstr;

constexpr std::string_view kModel = "st-pooling-mean";

class OtherRoutes : public testing::Test {
 protected:
  JsonDocument Succeed(std::string_view path, std::string_view body) {
    const Reply reply = service_.Post(path, body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return JsonOf(reply);
  }

  std::vector<float> Vector(std::string_view text, const EmbedOptions& options = {}) {
    const auto vector = model_.Embed(text, options);
    return {vector.Row(0).begin(), vector.Row(0).end()};
  }
  float CosineOf(std::string_view a, std::string_view b) {
    return static_cast<float>(Cosine(Vector(a), Vector(b)));
  }

  const Embedder model_ = Embedder::Load(GoldenModel(kModel));
  AskedService service_{GoldenOptions(std::string(kModel))};
};

TEST_F(OtherRoutes, EmbedGivesTwoLevelsWhateverTheInput) {
  const auto one = Succeed("/embed", R"({"inputs":"hello"})");
  EXPECT_EQ(FloatsOf(one.root().Elements()[0]), Vector("hello", {.normalize = true}));
  const auto raw = Succeed("/embed", R"({"inputs":["a","hello"],"normalize":false})");
  EXPECT_EQ(FloatsOf(raw.root().Elements()[1]), Vector("hello"));
  const auto cut = Succeed("/embed", R"({"inputs":["hello"],"dimensions":4})");
  EXPECT_EQ(FloatsOf(cut.root().Elements()[0]),
            Vector("hello", {.truncate_dim = 4, .normalize = true}));
}

TEST_F(OtherRoutes, EmbedAllGivesTheLastHiddenStates) {
  const auto reply = Succeed("/embed_all", R"({"inputs":["a","hello world"]})");
  const std::vector<std::int32_t> ids = model_.tokenizer().Encode("hello world").ids;
  const std::size_t starts[] = {0, ids.size()};
  Matrix<float> states(ids.size(), model_.model().shape().hidden_size);
  model_.model().Forward({.ids = ids, .type_ids = {}, .starts = starts}, model_.pool(),
                         states.view());
  const auto tokens = reply.root().Elements()[1].Elements();
  ASSERT_EQ(tokens.size(), ids.size());
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    EXPECT_EQ(FloatsOf(tokens[t]), std::vector<float>(states.Row(t).begin(), states.Row(t).end()));
  }
}

TEST_F(OtherRoutes, SimilarityIsTheCosineOfTheSource) {
  const auto reply = Succeed(
      "/similarity", R"({"inputs":{"source_sentence":"hello","sentences":["world","the first"]}})");
  EXPECT_EQ(FloatsOf(reply.root()),
            (std::vector{CosineOf("hello", "world"), CosineOf("hello", "the first")}));
}

TEST_F(OtherRoutes, RerankAnswersDocumentsAsCohereDoes) {
  const Reply reply = service_.Post(
      "/v1/rerank",
      R"({"query":"hello","documents":["the","hello",{"text":"hello"}],"top_n":2,"return_documents":true})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(HeaderOf(reply, "x-merle-scoring"), "bi-encoder cosine");
  const auto json = JsonOf(reply);
  EXPECT_EQ(json.root().At("scoring").AsString(), "bi-encoder cosine");
  EXPECT_EQ(json.root().At("id").AsString(), "request-1");
  const auto results = json.root().At("results").Elements();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].At("index").AsInteger(), 1);  // Of equal scores the first.
  EXPECT_EQ(results[1].At("index").AsInteger(), 2);
  EXPECT_EQ(results[1].At("document").At("text").AsString(), "hello");
  EXPECT_FLOAT_EQ(static_cast<float>(results[0].At("relevance_score").AsNumber()), 1);
}

TEST_F(OtherRoutes, RerankAnswersTextsAsTeiDoes) {
  const Reply reply =
      service_.Post("/rerank", R"({"query":"hello","texts":["the","hello"],"return_text":true})");
  EXPECT_EQ(HeaderOf(reply, "x-merle-scoring"), "bi-encoder cosine");
  const auto json = JsonOf(reply);
  const auto results = json.root().Elements();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].At("text").AsString(), "hello");
  EXPECT_EQ(static_cast<float>(results[1].At("score").AsNumber()), CosineOf("hello", "the"));
}

TEST(RerankPrompts, AreThoseForQueriesAndDocuments) {
  AskedService service(GoldenOptions("st-prompts"));
  const Embedder model = Embedder::Load(GoldenModel("st-prompts"));
  const auto query = model.Embed("hello", {.prompt = {.text = {}, .name = "query"}});
  const auto document = model.Embed("world", {.prompt = {.text = {}, .name = "document"}});
  const auto json = JsonOf(service.Post("/rerank", R"({"query":"hello","texts":["world"]})"));
  EXPECT_EQ(static_cast<float>(json.root().Elements()[0].At("score").AsNumber()),
            static_cast<float>(Cosine(query.Row(0), document.Row(0))));
}

struct Exact {
  const char* name;
  const char* path;
  const char* body;
  int status;
  std::string reply;
};

class ExactReply : public OtherRoutes, public testing::WithParamInterface<Exact> {};

TEST_P(ExactReply, IsThis) {
  const Reply reply = service_.Post(GetParam().path, GetParam().body);
  EXPECT_EQ(reply.status, GetParam().status);
  EXPECT_EQ(reply.body, GetParam().reply);
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, ExactReply,
    testing::ValuesIn(std::vector<Exact>{
        {"TokensShowTheirPartOfTheText", "/tokenize", R"({"inputs":"Hello Café"})", 200,
         R"([[{"id":2,"text":"[CLS]","special":true,"start":null,"stop":null},)"
         R"({"id":135,"text":"Hello","special":false,"start":0,"stop":5},)"
         R"({"id":141,"text":"Café","special":false,"start":6,"stop":10},)"
         R"({"id":3,"text":"[SEP]","special":true,"start":null,"stop":null}]])"},
        {"TokensWithoutSpecialOnes", "/tokenize",
         R"({"inputs":["hello"],"add_special_tokens":false})", 200,
         R"([[{"id":135,"text":"hello","special":false,"start":0,"stop":5}]])"},
        {"ContentAsLlamaCpp", "/tokenize", R"({"content":"hello world"})", 200,
         R"({"tokens":[135,138]})"},
        {"ContentWithSpecialTokens", "/tokenize", R"({"content":"hello","add_special":true})", 200,
         R"({"tokens":[2,135,3]})"},
        {"ContentWithPieces", "/tokenize", R"({"content":"hello","with_pieces":true})", 200,
         R"({"tokens":[{"id":135,"piece":"hello"}]})"},
        {"NoContent", "/tokenize", R"({"content":""})", 200, R"({"tokens":[]})"},
        {"BothForms", "/tokenize", R"({"content":"a","inputs":"a"})", 422,
         R"({"error":"Give inputs or content, not both","error_type":"Validation"})"},
        {"Detokenize", "/detokenize", R"({"tokens":[2,135,138]})", 200,
         R"({"content":"[CLS] hello world"})"},
        {"DetokenizeNothing", "/detokenize", R"({"tokens":[]})", 200, R"({"content":""})"},
        {"DecodeOne", "/decode", R"({"ids":[2,135,3]})", 200, R"(["hello"])"},
        {"DecodeSeveral", "/decode", R"({"ids":[[135],[2,138]],"skip_special_tokens":false})", 200,
         R"(["hello","[CLS] world"])"},
        {"DecodeTexts", "/decode", R"({"ids":["a"]})", 422,
         R"({"error":"ids must be a list of ids or of lists of ids","error_type":"Validation"})"},
        {"EmptyIds", "/decode", R"({"ids":[]})", 400,
         R"({"error":"`ids` cannot be empty","error_type":"Empty"})"},
        {"EmptyInputs", "/embed", R"({"inputs":[]})", 400,
         R"({"error":"`inputs` cannot be empty","error_type":"Empty"})"},
        {"AnEmptyInput", "/embed", R"({"inputs":["a",""]})", 400,
         R"({"error":"`inputs` cannot be empty","error_type":"Empty"})"},
        {"NoDimensions", "/embed", R"({"inputs":"a","dimensions":0})", 422,
         R"({"error":"`dimensions` should be positive","error_type":"Validation"})"},
        {"NoInputs", "/embed_all", "{}", 422,
         R"({"error":"Missing required parameter: 'inputs'.","error_type":"Validation"})"},
        {"AnInputThatIsNone", "/embed", R"({"inputs":[["a"]]})", 422,
         R"({"error":"inputs[0][0] is a string, but an id is wanted. Ids are those of this model's )"
         R"(own vocabulary, 0 to 245; with LangChain, which sends others, write )"
         R"(OpenAIEmbeddings(check_embedding_ctx_length=False).","error_type":"Validation"})"},
        {"EmptySentences", "/similarity", R"({"inputs":{"source_sentence":"a","sentences":[]}})",
         400, R"({"error":"`inputs.sentences` cannot be empty","error_type":"Empty"})"},
        {"AnUnknownDirection", "/similarity",
         R"({"inputs":{"source_sentence":"a","sentences":["b"]},"parameters":{"truncation_direction":"up"}})",
         422,
         R"({"error":"Invalid value: 'up'. Supported values are: 'left', 'right', 'Left', 'Right'.",)"
         R"("error_type":"Validation"})"},
        {"EmptyTexts", "/rerank", R"({"query":"a","texts":[]})", 400,
         R"({"error":"`texts` cannot be empty","error_type":"Empty"})"},
        {"EmptyDocuments", "/rerank", R"({"query":"a","documents":[]})", 400,
         R"({"message":"`documents` cannot be empty"})"},
        {"NoDocuments", "/rerank", R"({"query":"a"})", 400,
         R"({"message":"Missing required parameter: 'documents'."})"},
        {"ADocumentThatIsNone", "/rerank", R"({"query":"a","documents":[5]})", 400,
         R"({"message":"Invalid type for 'documents[0]': expected a string or an object with text, )"
         R"(but got an integer instead."})"},
        {"NoTopN", "/rerank", R"({"query":"a","documents":["b"],"top_n":0})", 400,
         R"({"message":"Invalid 'top_n': integer below minimum value. Expected a value >= 1, but )"
         R"(got 0 instead."})"},
    }),
    [](const auto& test) { return test.param.name; });

TEST(TeiLimits, AreInItsWords) {
  ServiceOptions options = GoldenOptions("st-short");
  options.inputs = 2;
  AskedService service(std::move(options));
  EXPECT_THAT(service.Post("/embed", R"({"inputs":["a","a","a"]})").body,
              HasSubstr("batch size 3 > maximum allowed batch size 2"));
  EXPECT_THAT(service.Post("/embed", R"({"inputs":"a b c d e f g"})").body,
              HasSubstr("Input validation error: `inputs` must have less than 9 tokens. Given: 9"));
}

TEST_F(OtherRoutes, InfoTellsTheLimits) {
  const auto json = JsonOf(service_.Get("/info"));
  EXPECT_EQ(json.root().At("model_id").AsString(), "org/st-pooling-mean");
  EXPECT_EQ(json.root().At("max_input_length").AsInteger(), 64);
  EXPECT_EQ(json.root().At("max_client_batch_size").AsInteger(), 2048);
  EXPECT_EQ(json.root().At("model_type").At("embedding").At("pooling").AsString(), "mean");
}

}  // namespace
}  // namespace merle
