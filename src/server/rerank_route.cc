// POST /rerank: documents in order of their nearness to a query. `documents` are answered as
// Cohere does, `texts` as text-embeddings-inference.
//
// A model for reranking reads query and document together. Merle has none yet: the score is the
// cosine of the two vectors, and every answer says so.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apply/similarity.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "embedding/embedder.h"
#include "embedding/tokenized_texts.h"
#include "server/call.h"
#include "server/embedding_request.h"
#include "server/http_error.h"
#include "server/message.h"
#include "server/request_json.h"
#include "server/routes.h"
#include "server/service.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

constexpr std::string_view kScoring = "bi-encoder cosine";

// What the answer is made of besides the vectors.
struct Ranking {
  std::string id, model;
  bool as_cohere;
  std::size_t top;                          // Results wanted.
  std::vector<std::string> documents = {};  // Empty where they are not wanted back.
  std::size_t tokens = 0;
  std::size_t cut_inputs = 0;
};

// A string, or as in Cohere's first version an object with `text`.
std::string_view TextOf(const JsonValue& document, std::string_view field, ErrorShape errors) {
  auto text = document.IsObject() ? document.Find("text") : std::optional(document);
  if (!text) FailOnMissing(Format("{}.text", field));
  if (!text->IsString()) FailOnType(field, "a string or an object with text", *text);
  if (text->AsString().empty()) FailOnEmpty(field, errors);
  return text->AsString();
}

std::vector<std::string_view> ReadDocuments(const JsonValue& value, std::string_view field,
                                            std::size_t most, ErrorShape errors) {
  if (!value.IsArray()) FailOnType(field, "an array", value);
  const std::size_t count = value.Size();
  if (count == 0) FailOnEmpty(field, errors);
  if (count > most) {
    throw ApiError(400, Format("batch size {} > maximum allowed batch size {}", count, most),
                   std::string(field));
  }
  std::vector<std::string_view> documents;
  value.ForEachElement([&](const JsonValue& element) {
    documents.push_back(TextOf(element, Format("{}[{}]", field, documents.size()), errors));
  });
  return documents;
}

// Best first; equal scores in the order of the documents. The query is row 0.
std::vector<std::size_t> Rank(const std::vector<float>& scores, std::size_t top) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](auto a, auto b) { return scores[a] > scores[b]; });
  order.resize(std::min(top, order.size()));
  return order;
}

void WriteResults(const Ranking& ranking, const std::vector<float>& scores, JsonWriter& json) {
  json.BeginArray();
  for (const std::size_t i : Rank(scores, ranking.top)) {
    json.BeginObject().Key("index").Value(i);
    json.Key(ranking.as_cohere ? "relevance_score" : "score").Value(scores[i]);
    if (!ranking.documents.empty()) {
      if (ranking.as_cohere) {
        json.Key("document").BeginObject().Key("text").Value(ranking.documents[i]).EndObject();
      } else {
        json.Key("text").Value(ranking.documents[i]);
      }
    }
    json.EndObject();
  }
  json.EndArray();
}

Reply WriteReply(MatrixView<const float> vectors, const Ranking& ranking) {
  std::vector<float> scores;
  for (std::size_t i = 1; i < vectors.rows(); ++i) {
    scores.push_back(static_cast<float>(Cosine(vectors.Row(0), vectors.Row(i))));
  }
  JsonWriter json;
  if (ranking.as_cohere) {
    json.BeginObject().Key("id").Value(ranking.id).Key("object").Value("list");
    json.Key("model").Value(ranking.model).Key("scoring").Value(kScoring).Key("results");
    WriteResults(ranking, scores, json);
    json.Key("meta").BeginObject().Key("api_version").BeginObject().Key("version").Value("2");
    json.EndObject().Key("billed_units").BeginObject().Key("search_units").Value(1).EndObject();
    json.EndObject().Key("usage").BeginObject().Key("prompt_tokens").Value(ranking.tokens);
    json.Key("total_tokens").Value(ranking.tokens).EndObject().EndObject();
  } else {
    WriteResults(ranking, scores, json);
  }
  Reply reply = JsonReply(json.text());
  reply.headers.emplace_back("x-merle-scoring", kScoring);
  AddTruncated(ranking.cut_inputs, reply);
  return reply;
}

}  // namespace

void RunRerank(Service& service, const std::shared_ptr<Call>& call) {
  const RequestJson body(call->request);
  const bool as_cohere = !body.Has("texts");
  if (!as_cohere) call->errors = ErrorShape::kTei;
  if (!as_cohere && body.Has("documents")) {
    throw ApiError(400, "Give documents or texts, not both", "documents");
  }
  const auto name = body.OptionalString("model");
  const auto served = service.Model(*call, name);
  const Embedder& embedder = *served.embedder;
  const std::string query = body.String("query");
  if (query.empty()) FailOnEmpty("query", call->errors);
  const std::string_view field = as_cohere ? "documents" : "texts";
  Inputs documents;
  documents.texts = ReadDocuments(body.At(field), field, service.options().inputs, call->errors);
  Ranking ranking{.id = call->request.id,
                  .model = name.value_or(service.models().default_name()),
                  .as_cohere = as_cohere,
                  .top = static_cast<std::size_t>(
                      body.OptionalInteger("top_n", 1, INT32_MAX).value_or(INT32_MAX))};
  const bool return_documents = body.OptionalBool("return_documents").value_or(false);
  const bool return_text = body.OptionalBool("return_text").value_or(false);
  if (return_documents || return_text) {
    ranking.documents.assign(documents.texts.begin(), documents.texts.end());
  }
  body.OptionalBool("raw_scores");  // A cosine is as raw as it gets.
  TokenizeRules rules = ReadTokenizeRules(body, service, embedder);

  // Models that tell questions from answers have a prompt for each.
  rules.prompt.name = "query";
  TokenizedTexts texts =
      TokenizeInputs(service, *call, embedder, {.texts = {query}}, rules, "query");
  rules.prompt.name = "document";
  const TokenizedTexts others =
      TokenizeInputs(service, *call, embedder, std::move(documents), rules, field);
  texts.Append(others, 0, others.size());
  texts.cut_texts += others.cut_texts;
  CheckRequestTokens(service, call->errors, texts.ids.size());

  ranking.tokens = texts.ids.size();
  ranking.cut_inputs = texts.cut_texts;
  service.Embed(
      call, served.embedder, std::move(texts),
      [ranking = std::move(ranking), embedder = served.embedder](MatrixView<const float> whole) {
        return WriteReply(embedder->FinishVectors(whole, {}).view(), ranking);
      });
}

}  // namespace merle
