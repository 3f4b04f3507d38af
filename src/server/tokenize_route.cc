// POST /tokenize, /detokenize and /decode: texts to tokens and back. The name of the field tells
// whose form a request is in: `inputs` is text-embeddings-inference's, `content` llama.cpp's.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_reader.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "embedding/embedder.h"
#include "embedding/tokenized_texts.h"
#include "server/call.h"
#include "server/embedding_request.h"
#include "server/http_error.h"
#include "server/request_json.h"
#include "server/routes.h"
#include "server/served_models.h"
#include "server/service.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

const Tokenizer& TokenizerOf(const ServedModels::Served& served) {
  return served.embedder->tokenizer();
}

// The ids of `text`, where a request with `before` tokens has room for them. Reads no more of a
// long text than it may have tokens.
std::vector<std::int32_t> IdsWithinLimit(const Service& service, const Tokenizer& tokenizer,
                                         std::string_view text, bool add_special_tokens,
                                         std::size_t before, ErrorShape errors) {
  const std::size_t most = service.options().request_tokens;
  std::vector<std::int32_t> ids;
  const std::size_t cut =
      tokenizer.EncodeIds(text, {.add_special_tokens = add_special_tokens, .max_length = most}, ids,
                          /*stop_early=*/true);
  CheckRequestTokens(service, errors, before + ids.size() + (cut > 0 ? 1 : 0));
  return ids;
}

// Bytes of `text` before each of its characters, and all of them.
std::vector<std::size_t> CharacterStarts(std::string_view text) {
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < text.size(); at += DecodeUtf8(text, at).bytes) starts.push_back(at);
  starts.push_back(text.size());
  return starts;
}

// One text as text-embeddings-inference shows it: `text` is the part that the token stands for.
void WriteTokens(const Tokenizer& tokenizer, std::string_view text, bool add_special_tokens,
                 JsonWriter& json) {
  const Encoding encoding = tokenizer.Encode(text, {.add_special_tokens = add_special_tokens});
  const std::vector<std::size_t> starts = CharacterStarts(text);
  json.BeginArray();
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    const bool special = encoding.special_tokens_mask[i] != 0;
    const auto [begin, end] = encoding.offsets[i];
    json.BeginObject().Key("id").Value(encoding.ids[i]).Key("text");
    if (special) {
      json.Value(tokenizer.TokenOf(encoding.ids[i])).Key("special").Value(true);
      json.Key("start").Null().Key("stop").Null();
    } else {
      json.Value(text.substr(starts[begin], starts[end] - starts[begin]));
      json.Key("special").Value(false).Key("start").Value(begin).Key("stop").Value(end);
    }
    json.EndObject();
  }
  json.EndArray();
}

std::string TokenizeInputsAsTei(Service& service, const Call& call, const RequestJson& body,
                                const Embedder& embedder) {
  const Inputs inputs =
      ReadInputs(body.At("inputs"), "inputs",
                 {.errors = call.errors, .most = service.options().inputs, .id_limit = 0});
  const bool special = body.OptionalBool("add_special_tokens").value_or(true);
  const TokenizeRules rules = ReadTokenizeRules(body, service, embedder);
  std::string_view prompt;
  if (rules.prompt.name) prompt = embedder.prompts().Choose(rules.prompt);
  std::size_t tokens = 0;
  JsonWriter json;
  json.BeginArray();
  for (const std::string_view text : inputs.texts) {
    const std::string prompted = std::string(prompt).append(text);
    tokens += IdsWithinLimit(service, embedder.tokenizer(), prompted, special, tokens, call.errors)
                  .size();
    WriteTokens(embedder.tokenizer(), prompted, special, json);
  }
  json.EndArray();
  return json.text();
}

std::string TokenizeContent(const Service& service, const Call& call, const RequestJson& body,
                            const Tokenizer& tokenizer) {
  const std::string content = body.String("content");
  const bool special = body.OptionalBool("add_special").value_or(false);
  const bool pieces = body.OptionalBool("with_pieces").value_or(false);
  JsonWriter json;
  json.BeginObject().Key("tokens").BeginArray();
  for (const std::int32_t id :
       IdsWithinLimit(service, tokenizer, content, special, 0, call.errors)) {
    if (pieces) {
      json.BeginObject().Key("id").Value(id).Key("piece").Value(tokenizer.TokenOf(id)).EndObject();
    } else {
      json.Value(id);
    }
  }
  json.EndArray().EndObject();
  return json.text();
}

}  // namespace

void RunTokenize(Service& service, const std::shared_ptr<Call>& call) {
  const RequestJson body(call->request);
  const auto served = service.Model(*call, body.OptionalString("model"));
  if (body.Has("content") && body.Has("inputs")) {
    throw ApiError(400, "Give inputs or content, not both", "inputs");
  }
  call->respond(JsonReply(body.Has("content")
                              ? TokenizeContent(service, *call, body, TokenizerOf(served))
                              : TokenizeInputsAsTei(service, *call, body, *served.embedder)));
}

void RunDetokenize(Service& service, const std::shared_ptr<Call>& call) {
  const RequestJson body(call->request);
  const auto served = service.Model(*call, body.OptionalString("model"));
  const Tokenizer& tokenizer = TokenizerOf(served);
  const JsonValue tokens = body.At("tokens");
  const bool none = tokens.IsArray() && tokens.Size() == 0;
  const auto ids = none ? std::vector<std::int32_t>()
                        : ReadIds(tokens, "tokens", tokenizer.id_limit(), call->errors);
  CheckRequestTokens(service, call->errors, ids.size());
  JsonWriter json;
  json.BeginObject().Key("content").Value(tokenizer.Decode(ids, false)).EndObject();
  call->respond(JsonReply(json.text()));
}

void RunDecode(Service& service, const std::shared_ptr<Call>& call) {
  const RequestJson body(call->request);
  const auto served = service.Model(*call, body.OptionalString("model"));
  const Tokenizer& tokenizer = TokenizerOf(served);
  const bool skip_special = body.OptionalBool("skip_special_tokens").value_or(true);
  const JsonValue ids = body.At("ids");
  if (!ids.IsArray()) FailOnType("ids", "an array", ids);
  const Inputs inputs = ReadInputs(
      ids, "ids",
      {.errors = call->errors, .most = service.options().inputs, .id_limit = tokenizer.id_limit()});
  if (!inputs.tokens) throw ApiError(400, "ids must be a list of ids or of lists of ids", "ids");
  const TokenizedTexts& texts = *inputs.tokens;
  CheckRequestTokens(service, call->errors, texts.ids.size());
  JsonWriter json;
  json.BeginArray();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    json.Value(tokenizer.Decode(
        std::span(texts.ids).subspan(texts.starts[i], texts.Tokens(i, i + 1)), skip_special));
  }
  json.EndArray();
  call->respond(JsonReply(json.text()));
}

}  // namespace merle
