// POST /v1/embeddings: OpenAI's API, https://platform.openai.com/docs/api-reference/embeddings.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/base64.h"
#include "base/json_writer.h"
#include "embedding/embedder.h"
#include "embedding/tokenized_texts.h"
#include "server/call.h"
#include "server/embedding_request.h"
#include "server/message.h"
#include "server/request_json.h"
#include "server/routes.h"
#include "server/service.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

struct ReplyForm {
  std::string model;  // As the client calls it.
  bool base64;
  std::size_t tokens;
  std::size_t cut_inputs;
};

static_assert(std::endian::native == std::endian::little);  // As the numbers in base64.

Reply WriteReply(MatrixView<const float> vectors, const ReplyForm& form) {
  JsonWriter json;
  json.BeginObject().Key("object").Value("list").Key("data").BeginArray();
  for (std::size_t i = 0; i < vectors.rows(); ++i) {
    json.BeginObject().Key("object").Value("embedding").Key("index").Value(i).Key("embedding");
    if (form.base64) {
      const auto numbers = vectors.Row(i);
      json.Value(
          EncodeBase64({reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()}));
    } else {
      json.Value(vectors.Row(i));
    }
    json.EndObject();
  }
  json.EndArray().Key("model").Value(form.model).Key("usage").BeginObject();
  json.Key("prompt_tokens").Value(form.tokens).Key("total_tokens").Value(form.tokens);
  json.EndObject().EndObject();
  Reply reply = JsonReply(json.text());
  AddTruncated(form.cut_inputs, reply);
  return reply;
}

}  // namespace

void RunEmbeddings(Service& service, const std::shared_ptr<Call>& call) {
  const RequestJson body(call->request);
  const std::string name = body.String("model");
  const auto served = service.Model(*call, name);
  const Embedder& embedder = *served.embedder;
  Inputs inputs = ReadInputs(body.At("input"), "input", RulesFor(*call, service, embedder));
  const auto encoding = body.OptionalChoice("encoding_format", {"float", "base64"});
  const auto most = static_cast<std::int64_t>(embedder.whole_dim());
  const auto dimensions = body.OptionalInteger("dimensions", 1, most);
  body.OptionalString("user");
  const TokenizeRules rules = ReadTokenizeRules(body, service, embedder);

  TokenizedTexts texts =
      TokenizeInputs(service, *call, embedder, std::move(inputs), rules, "input");
  const ReplyForm form{.model = name,
                       .base64 = encoding == "base64",
                       .tokens = texts.ids.size(),
                       .cut_inputs = texts.cut_texts};
  const EmbedOptions finish{.truncate_dim = static_cast<std::size_t>(dimensions.value_or(0)),
                            .normalize = true};
  service.Embed(call, served.embedder, std::move(texts),
                [form, finish, embedder = served.embedder](MatrixView<const float> whole) {
                  const Matrix<float> vectors = embedder->FinishVectors(whole, finish);
                  return WriteReply(vectors.view(), form);
                });
}

}  // namespace merle
