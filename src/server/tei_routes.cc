// The routes of text-embeddings-inference 1.9: /embed, /embed_all, /similarity, /info.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
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
#include "models/compute.h"
#include "models/encoder_model.h"
#include "server/call.h"
#include "server/embedding_request.h"
#include "server/http_error.h"
#include "server/message.h"
#include "server/metrics.h"
#include "server/request_json.h"
#include "server/routes.h"
#include "server/service.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// Numbers in one reply of /embed_all: some 50 MB of JSON.
constexpr std::size_t kMostTokenNumbers = 4u << 20;

std::size_t ReadDimensions(const RequestJson& body, const Embedder& embedder) {
  const auto dimensions = body.OptionalInteger("dimensions", INT64_MIN, INT64_MAX);
  if (!dimensions) return 0;
  if (*dimensions < 1) throw ApiError(400, "`dimensions` should be positive", "dimensions");
  const std::size_t most = embedder.whole_dim();
  if (static_cast<std::uint64_t>(*dimensions) > most) {
    throw ApiError(400,
                   Format("`dimensions` should be smaller than the maximum embedding dimension. "
                          "It is {}, the model has {}.",
                          *dimensions, most),
                   "dimensions");
  }
  return static_cast<std::size_t>(*dimensions);
}

// [texts][dim]
std::string VectorsJson(MatrixView<const float> vectors) {
  JsonWriter json;
  json.BeginArray();
  for (std::size_t i = 0; i < vectors.rows(); ++i) json.Value(vectors.Row(i));
  json.EndArray();
  return json.text();
}

// [texts][tokens][hidden]: the last hidden states. The texts run one after another, so that little
// is lost when nobody waits any more.
std::string TokenVectorsJson(const Embedder& embedder, const TokenizedTexts& texts,
                             const Call& call) {
  const std::size_t hidden = embedder.model().shape().hidden_size;
  JsonWriter json;
  json.BeginArray();
  for (std::size_t i = 0; i < texts.size() && !call.request.abandoned->load(); ++i) {
    const std::size_t tokens = texts.Tokens(i, i + 1);
    const std::size_t starts[] = {0, tokens};
    auto states = Matrix<float>::Uninitialized(tokens, hidden);
    embedder.model().Forward({.ids = std::span(texts.ids).subspan(texts.starts[i], tokens),
                              .type_ids = {},
                              .starts = starts},
                             embedder.pool(), states.view());
    json.BeginArray();
    for (std::size_t t = 0; t < tokens; ++t) json.Value(std::as_const(states).Row(t));
    json.EndArray();
  }
  json.EndArray();
  return json.text();
}

}  // namespace

void RunEmbed(Service& service, const std::shared_ptr<Call>& call) {
  const RequestJson body(call->request);
  const auto served = service.Model(*call, body.OptionalString("model"));
  const Embedder& embedder = *served.embedder;
  Inputs inputs = ReadInputs(body.At("inputs"), "inputs", RulesFor(*call, service, embedder));
  const EmbedOptions finish{.truncate_dim = ReadDimensions(body, embedder),
                            .normalize = body.OptionalBool("normalize").value_or(true)};
  const TokenizeRules rules = ReadTokenizeRules(body, service, embedder);

  TokenizedTexts texts =
      TokenizeInputs(service, *call, embedder, std::move(inputs), rules, "inputs");
  const std::size_t cut = texts.cut_texts;
  service.Embed(call, served.embedder, std::move(texts),
                [finish, cut, embedder = served.embedder](MatrixView<const float> whole) {
                  Reply reply =
                      JsonReply(VectorsJson(embedder->FinishVectors(whole, finish).view()));
                  AddTruncated(cut, reply);
                  return reply;
                });
}

void RunEmbedAll(Service& service, const std::shared_ptr<Call>& call) {
  const RequestJson body(call->request);
  const auto served = service.Model(*call, body.OptionalString("model"));
  const Embedder& embedder = *served.embedder;
  Inputs inputs = ReadInputs(body.At("inputs"), "inputs", RulesFor(*call, service, embedder));
  const TokenizeRules rules = ReadTokenizeRules(body, service, embedder);

  const TokenizedTexts texts =
      TokenizeInputs(service, *call, embedder, std::move(inputs), rules, "inputs");
  embedder.CheckTokens(texts);
  const std::size_t most = kMostTokenNumbers / embedder.model().shape().hidden_size;
  if (texts.ids.size() > most) {
    throw ApiError(
        400,
        Format("Requested the vectors of {} tokens, max {} per request", texts.ids.size(), most),
        "inputs");
  }
  service.queue().CheckRoom(texts.ids.size());
  Reply reply = JsonReply(TokenVectorsJson(embedder, texts, *call));
  service.metrics().AddStage(Stage::kCompute, call->watch.Lap());
  AddTruncated(texts.cut_texts, reply);
  call->respond(std::move(reply));
}

void RunSimilarity(Service& service, const std::shared_ptr<Call>& call) {
  const RequestJson body(call->request);
  const auto served = service.Model(*call, body.OptionalString("model"));
  const Embedder& embedder = *served.embedder;
  body.At("inputs");
  const RequestJson inputs = body.Below("inputs");
  const JsonValue source = inputs.At("source_sentence");
  const JsonValue sentences = inputs.At("sentences");
  if (!source.IsString()) FailOnType("inputs.source_sentence", "a string", source);
  if (source.AsString().empty()) FailOnEmpty("inputs.source_sentence", call->errors);
  if (!sentences.IsArray()) FailOnType("inputs.sentences", "an array", sentences);
  Inputs all =
      ReadInputs(sentences, "inputs.sentences",
                 {.errors = call->errors, .most = service.options().inputs - 1, .id_limit = 0});
  all.texts.push_back(source.AsString());
  const TokenizeRules rules = ReadTokenizeRules(body.Below("parameters"), service, embedder);

  TokenizedTexts texts = TokenizeInputs(service, *call, embedder, std::move(all), rules, "inputs");
  const std::size_t cut = texts.cut_texts;
  service.Embed(call, served.embedder, std::move(texts),
                [cut, embedder = served.embedder](MatrixView<const float> whole) {
                  const Matrix<float> vectors = embedder->FinishVectors(whole, {});
                  const std::size_t last = vectors.rows() - 1;
                  JsonWriter json;
                  json.BeginArray();
                  for (std::size_t i = 0; i < last; ++i) {
                    json.Value(static_cast<float>(Cosine(vectors.Row(last), vectors.Row(i))));
                  }
                  json.EndArray();
                  Reply reply = JsonReply(json.text());
                  AddTruncated(cut, reply);
                  return reply;
                });
}

void RunInfo(Service& service, const std::shared_ptr<Call>& call) {
  const auto served = service.Model(*call);
  const ServiceOptions& options = service.options();
  const auto dtype = [&]() -> std::string_view {
    switch (served.embedder->model().compute()) {
      case Compute::kBf16:
        return "bfloat16";
      case Compute::kInt8:
        return "int8";
      default:
        return "float32";
    }
  };
  JsonWriter json;
  json.BeginObject().Key("model_id").Value(served.options->id).Key("model_sha");
  if (served.options->revision.empty()) {
    json.Null();
  } else {
    json.Value(served.options->revision);
  }
  json.Key("model_dtype").Value(dtype());
  json.Key("served_model_name").Value(service.models().default_name());
  json.Key("model_type").BeginObject().Key("embedding").BeginObject();
  json.Key("pooling").Value(served.embedder->pooling_name()).EndObject().EndObject();
  json.Key("max_concurrent_requests").Value(options.http.requests);
  json.Key("max_input_length").Value(served.embedder->max_tokens());
  json.Key("max_batch_tokens").Value(options.queue_tokens);
  json.Key("max_batch_requests").Null();
  json.Key("max_client_batch_size").Value(options.inputs);
  json.Key("auto_truncate").Value(options.cut_long);
  json.Key("tokenization_workers").Value(service.workers());
  json.Key("version").Value(MERLE_VERSION).Key("sha").Null().Key("docker_label").Null();
  json.EndObject();
  call->respond(JsonReply(json.text()));
}

}  // namespace merle
