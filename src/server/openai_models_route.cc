// GET /v1/models and /v1/models/{model}: the names that requests may use.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/format.h"
#include "base/json_writer.h"
#include "server/call.h"
#include "server/http_error.h"
#include "server/routes.h"
#include "server/served_models.h"
#include "server/service.h"

namespace merle {
namespace {

constexpr std::string_view kPath = "/v1/models/";

// `root` is the model that an alias stands for.
void Write(const ServedName& served, std::int64_t created, JsonWriter& json) {
  const std::size_t slash = served.model.find('/');
  json.BeginObject().Key("id").Value(served.name).Key("object").Value("model");
  json.Key("created").Value(created).Key("owned_by");
  json.Value(slash == std::string::npos ? "merle" : served.model.substr(0, slash));
  json.Key("root").Value(served.model).EndObject();
}

}  // namespace

void RunModels(Service& service, const std::shared_ptr<Call>& call) {
  JsonWriter json;
  json.BeginObject().Key("object").Value("list").Key("data").BeginArray();
  for (const ServedName& served : service.models().List()) {
    Write(served, service.started(), json);
  }
  json.EndArray().EndObject();
  call->respond(JsonReply(json.text()));
}

void RunModel(Service& service, const std::shared_ptr<Call>& call) {
  const std::string_view name = std::string_view(call->request.path).substr(kPath.size());
  const auto list = service.models().List();
  const auto found = std::ranges::find(list, name, &ServedName::name);
  if (found == list.end()) {
    throw ApiError(404,
                   Format("The model `{}` does not exist or you do not have access to it.", name),
                   "model", "model_not_found");
  }
  JsonWriter json;
  Write(*found, service.started(), json);
  call->respond(JsonReply(json.text()));
}

}  // namespace merle
