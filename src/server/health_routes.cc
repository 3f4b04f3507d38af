// GET /health, /ready and /metrics: for who watches over the server.

#include <memory>
#include <utility>

#include "base/json_writer.h"
#include "server/call.h"
#include "server/http_error.h"
#include "server/message.h"
#include "server/routes.h"
#include "server/service.h"

namespace merle {
namespace {

Reply StatusReply(const char* text) {
  JsonWriter json;
  json.BeginObject().Key("status").Value(text).EndObject();
  return JsonReply(json.text());
}

}  // namespace

void RunHealth(Service& /*service*/, const std::shared_ptr<Call>& call) {
  call->respond(StatusReply("ok"));
}

void RunReady(Service& service, const std::shared_ptr<Call>& call) {
  call->respond(service.models().ready()
                    ? StatusReply("ready")
                    : ReplyOfStatus(503, "The model is being loaded.", call->errors));
}

void RunMetrics(Service& service, const std::shared_ptr<Call>& call) {
  Reply reply = JsonReply(service.metrics().Text(service.gauges()));
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  call->respond(std::move(reply));
}

}  // namespace merle
