#include "server/openapi.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/json_writer.h"
#include "embedding/embedder.h"
#include "server/call.h"
#include "server/embedded_files.h"
#include "server/message.h"
#include "server/routes.h"
#include "server/served_models.h"
#include "server/service.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

constexpr std::string_view kModelParameter = "/*";  // At the end of a path.

std::string PathOf(const Route& route) {
  std::string path(route.path);
  if (path.ends_with(kModelParameter)) path.replace(path.size() - 1, 1, "{model}");
  return path;
}

// "post_v1_embeddings"
std::string OperationId(const Route& route) {
  std::string id = Format("{}{}", route.method == "GET" ? "get" : "post", route.path);
  std::ranges::replace_if(id, [](char c) { return c == '/' || c == '.' || c == '*'; }, '_');
  return id;
}

std::string_view ErrorSchema(ErrorShape shape) {
  switch (shape) {
    case ErrorShape::kTei:
      return "TeiError";
    case ErrorShape::kCohere:
      return "RerankError";
    default:
      return "OpenAiError";
  }
}

// {"application/json":{"schema":{"$ref":…}}}; a name with a slash is a media type itself.
void WriteContent(std::string_view schema, JsonWriter& json) {
  const bool is_text = schema.find('/') != std::string_view::npos;
  json.Key("content").BeginObject().Key(is_text ? schema : "application/json").BeginObject();
  json.Key("schema").BeginObject();
  if (is_text) {
    json.Key("type").Value("string");
  } else {
    json.Key("$ref").Value(Format("#/components/schemas/{}", schema));
  }
  json.EndObject().EndObject().EndObject();
}

void WriteReplies(const Route& route, JsonWriter& json) {
  struct Kind {
    std::string_view status, says, schema;
  };
  const Kind kinds[] = {
      {"200", "What was asked for", route.reply},
      {"4XX",
       "The request is wrong (400 or 422), has no key (401), comes from a page or under a name "
       "that "
       "is not allowed (403), names what is not there (404), is too large (413), or came when "
       "there "
       "was no room for it (429, with Retry-After)",
       ErrorSchema(route.errors)},
      {"5XX", "The server can't answer, or not now (503, with Retry-After)",
       ErrorSchema(route.errors)},
  };
  json.Key("responses").BeginObject();
  for (const Kind& kind : kinds) {
    json.Key(kind.status).BeginObject().Key("description").Value(kind.says);
    WriteContent(kind.schema, json);
    json.EndObject();
  }
  json.EndObject();
}

void WriteOperation(const Route& route, bool needs_key, JsonWriter& json) {
  json.Key(route.method == "GET" ? "get" : "post").BeginObject();
  json.Key("operationId").Value(OperationId(route)).Key("summary").Value(route.summary);
  json.Key("tags").BeginArray().Value(route.tag).EndArray();
  if (needs_key) {
    json.Key("security").BeginArray();
    if (!route.open) json.BeginObject().Key("key").BeginArray().EndArray().EndObject();
    json.EndArray();
  }
  if (route.path.ends_with(kModelParameter)) {
    json.Key("parameters").BeginArray().BeginObject().Key("name").Value("model");
    json.Key("in").Value("path").Key("required").Value(true).Key("schema").BeginObject();
    json.Key("$ref").Value("#/components/schemas/ModelName").EndObject().EndObject().EndArray();
  }
  if (!route.request.empty()) {
    json.Key("requestBody").BeginObject().Key("required").Value(true);
    WriteContent(route.request, json);
    json.EndObject();
  }
  WriteReplies(route, json);
  json.EndObject();
}

// What stands in api_schemas.json for this server's own numbers and names.
struct Facts {
  std::vector<std::string> models;
  std::string default_model;
  std::size_t inputs;
  std::size_t highest_id = INT32_MAX;
  std::size_t dimensions = INT32_MAX;
  std::vector<std::string> prompts;  // Empty: not known.
};

Facts FactsOf(Service& service, const Call& call) {
  Facts facts{.models = {},
              .default_model = service.models().default_name(),
              .inputs = service.options().inputs,
              .prompts = {}};
  for (const ServedName& served : service.models().List()) facts.models.push_back(served.name);
  if (service.options().models.size() > 1) return facts;
  const auto served = service.Model(call);
  facts.highest_id = served.embedder->tokenizer().id_limit() - 1;
  facts.dimensions = served.embedder->whole_dim();
  for (const auto& [name, text] : served.embedder->prompts().by_name()) {
    facts.prompts.push_back(name);
  }
  return facts;
}

std::string ArrayOf(const std::vector<std::string>& names, bool or_null) {
  JsonWriter json;
  json.BeginArray();
  for (const std::string& name : names) json.Value(name);
  if (or_null) json.Null();
  json.EndArray();
  return json.text();
}

std::string PromptSchema(const std::vector<std::string>& prompts) {
  std::string schema =
      R"({"description":"A prompt of the model's, put before each text; without it the model's default.","type":["string","null"])";
  if (!prompts.empty()) schema += Format(",\"enum\":{}", ArrayOf(prompts, true));
  return schema + '}';
}

std::string SchemasWith(const Facts& facts) {
  JsonWriter default_model;
  default_model.Value(facts.default_model);
  const std::pair<std::string_view, std::string> values[] = {
      {"\"@models@\"", ArrayOf(facts.models, false)},
      {"\"@models_or_null@\"", ArrayOf(facts.models, true)},
      {"\"@default_model@\"", default_model.text()},
      {"\"@inputs@\"", Format("{}", facts.inputs)},
      {"\"@inputs_but_one@\"", Format("{}", facts.inputs - 1)},
      {"\"@highest_id@\"", Format("{}", facts.highest_id)},
      {"\"@dimensions@\"", Format("{}", facts.dimensions)},
      {"\"@prompt_name@\"", PromptSchema(facts.prompts)},
  };
  std::string text(kApiSchemas);
  for (const auto& [mark, value] : values) {
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += value.size()) {
      text.replace(at, mark.size(), value);
    }
  }
  return text;
}

}  // namespace

std::string OpenApiText(Service& service, const Call& call) {
  JsonWriter json;
  json.BeginObject().Key("openapi").Value("3.1.0").Key("info").BeginObject();
  json.Key("title").Value("Merle").Key("version").Value(MERLE_VERSION);
  json.Key("description").Value("Vectors of texts, in the forms of OpenAI's and other APIs.");
  json.EndObject().Key("paths").BeginObject();
  for (const Route& route : AllRoutes()) {
    json.Key(PathOf(route)).BeginObject();
    WriteOperation(route, service.needs_key(), json);
    json.EndObject();
  }
  json.EndObject().EndObject();
  std::string text = json.text();
  text.pop_back();  // More members come.
  text += ",\"components\":{\"schemas\":" + SchemasWith(FactsOf(service, call));
  if (service.needs_key()) {
    text += R"(,"securitySchemes":{"key":{"type":"http","scheme":"bearer"}})";
  }
  return text + "}}";
}

void RunOpenApi(Service& service, const std::shared_ptr<Call>& call) {
  call->respond(JsonReply(OpenApiText(service, *call)));
}

// The page has the document in itself, and asks for nothing.
void RunDocs(Service& service, const std::shared_ptr<Call>& call) {
  constexpr std::string_view kMark = "@openapi@";
  std::string document = OpenApiText(service, *call);
  for (std::size_t at = 0; (at = document.find('<', at)) != std::string::npos;) {
    document.replace(at, 1, "\\u003c");  // "</script>" in a name would end the script.
  }
  std::string page(kDocsPage);
  page.replace(page.find(kMark), kMark.size(), document);
  Reply reply = JsonReply(std::move(page));
  reply.content_type = "text/html; charset=utf-8";
  reply.headers.emplace_back(
      "content-security-policy",
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; "
      "form-action 'none'; frame-ancestors 'none'");
  call->respond(std::move(reply));
}

}  // namespace merle
