#include "server/service.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <ctime>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/cores.h"
#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "embedding/embedder.h"
#include "embedding/tokenized_texts.h"
#include "server/batch_queue.h"
#include "server/http_error.h"
#include "server/http_server.h"
#include "server/message.h"
#include "server/metrics.h"
#include "server/request_line.h"
#include "server/routes.h"
#include "server/served_models.h"

namespace merle {
namespace {

// One large request holds a worker for a while: there are some left for others.
constexpr std::size_t kLeastWorkers = 4;
constexpr std::size_t kLoaders = 2;

// Thrown by Model where the thread may not wait.
struct NeedsLoading {};

ErrorShape ShapeOf(std::string_view path) {
  for (const std::string_view method : {"POST", "GET"}) {
    if (const Route* route = FindRoute(method, path)) return route->errors;
  }
  return ErrorShape::kOpenAi;
}

// Runs `task`; what it throws becomes the reply.
template <typename Task>
void Guard(Call& call, const Task& task) {
  try {
    task();
  } catch (const std::exception& error) {
    Reply reply = ReplyOfError(error, call.errors);
    if (reply.status >= 500) {  // The client is not told what happened here.
      Log(LogLevel::kWarning,
          Format("request {} {}: {}", call.request.id, call.request.path, error.what()));
    }
    call.respond(std::move(reply));
  }
}

std::vector<std::string_view> PathsOfRoutes() {
  std::vector<std::string_view> paths;
  for (const Route& route : AllRoutes()) paths.push_back(route.path);
  return paths;
}

Reply NoSuchRoute(const Request& head) {
  const std::string allowed = AllowedMethods(head.path);
  if (allowed.empty()) {
    return ReplyOfStatus(404, Format("Invalid URL ({} {})", head.method, head.path),
                         ErrorShape::kOpenAi);
  }
  Reply reply = ReplyOfStatus(
      405, Format("Not allowed to {} on {}. It takes {}.", head.method, head.path, allowed),
      ShapeOf(head.path));
  reply.headers.emplace_back("allow", allowed);
  return reply;
}

Reply NoKey(bool given, ErrorShape shape) {
  return ReplyOfStatus(401,
                       given ? "Incorrect API key provided."
                             : "You didn't provide an API key. Send it in the header "
                               "Authorization: Bearer YOUR_KEY.",
                       shape);
}

void AddHeaders(std::vector<std::pair<std::string, std::string>> headers, Reply& reply) {
  for (auto& header : headers) reply.headers.push_back(std::move(header));
}

// Those of text-embeddings-inference, in whole milliseconds.
void AddTimes(const Call& call, const BatchResult& result, std::size_t tokens, Reply& reply) {
  const auto add = [&](const char* name, double seconds) {
    reply.headers.emplace_back(name, Format("{}", std::lround(seconds * 1000)));
  };
  reply.headers.emplace_back("x-compute-type", "cpu");
  reply.headers.emplace_back("x-compute-tokens", Format("{}", tokens));
  add("x-total-time", call.watch.Seconds());
  add("x-tokenization-time", call.tokenize_seconds);
  add("x-queue-time", result.queue_seconds);
  add("x-inference-time", result.compute_seconds);
}

}  // namespace

Service::Service(ServiceOptions options)
    : options_(std::move(options)),
      access_(options_.access),
      started_(std::time(nullptr)),
      metrics_(PathsOfRoutes(), MERLE_VERSION),
      models_(options_.models, options_.model_budget),
      loaders_(kLoaders),
      workers_(options_.workers != 0 ? options_.workers : std::max(PhysicalCores(), kLeastWorkers)),
      queue_({.most_tokens = options_.queue_tokens, .most_seconds = options_.queue_seconds},
             [this](const BatchReport& report) { metrics_.AddBatch(report); }) {
  options_.access.keys.clear();  // Access has their digests.
}

// These may still add to the queue, so they end first.
Service::~Service() {
  loaders_.Finish();
  workers_.Finish();
}

HttpHandlers Service::Handlers(std::function<void(const Exchange&)> finished) {
  return {
      .admit = [this](const Request& head) { return Admit(head); },
      .handle = [this](Request request,
                       Respond respond) { Handle(std::move(request), std::move(respond)); },
      .refuse =
          [](int status, const std::string& message, const std::string& path) {
            return ReplyOfStatus(status, message, ShapeOf(path));
          },
      .finished =
          [this, finished = std::move(finished)](const Exchange& exchange) {
            metrics_.AddExchange(exchange);
            if (finished) finished(exchange);
          },
  };
}

std::optional<Reply> Service::Admit(const Request& head) const {
  const Route* route = FindRoute(head.method, head.path);
  const ErrorShape shape = ShapeOf(head.path);
  if (!access_.KnowsHost(head.Header("host"))) {
    return ReplyOfStatus(403, "This server does not go by the name that the header Host gives.",
                         shape);
  }
  if (!access_.AllowsOrigin(head)) {
    return ReplyOfStatus(403, "Pages of this origin may not use this server.", shape);
  }
  auto cors = access_.CorsHeaders(head);
  std::optional<Reply> refusal;
  if (head.method == "OPTIONS" && !cors.empty()) {  // A browser asks before it sends the key.
    refusal = Reply{.status = 204, .content_type = {}, .body = {}, .headers = {}};
  } else if (access_.needs_key() && !(route != nullptr && route->open) &&
             !access_.HasKey(head.Header("authorization"))) {
    refusal = NoKey(head.Header("authorization").has_value(), shape);
  } else if (route == nullptr) {
    refusal = NoSuchRoute(head);
  }
  if (refusal) AddHeaders(std::move(cors), *refusal);
  return refusal;
}

void Service::Handle(Request request, Respond respond) {
  const Route* route = FindRoute(request.method, request.path);
  MERLE_ASSERT(route != nullptr);  // Admit refuses others.
  if (request.abandoned == nullptr) request.abandoned = std::make_shared<std::atomic<bool>>(false);
  auto cors = access_.CorsHeaders(request);
  if (!cors.empty()) {
    respond = [cors = std::move(cors), respond = std::move(respond)](Reply reply) {
      AddHeaders(cors, reply);
      respond(std::move(reply));
    };
  }
  // Shared by whichever thread works on the request.
  const auto call = std::make_shared<Call>(Call{.request = std::move(request),
                                                .route = route,
                                                .errors = route->errors,
                                                .respond = std::move(respond)});
  if (route->kind == RouteKind::kQuick) return Run(call);
  if (route->kind == RouteKind::kQueued) {
    try {  // Before anything is done for it: refusals are quick however many come.
      queue_.CheckRoom(1);
    } catch (const OverloadedError& error) {
      return call->respond(ReplyOfError(error, call->errors));
    }
  }
  workers_.Post([this, call] { Run(call); });
}

void Service::Run(const std::shared_ptr<Call>& call) {
  call->watch.Lap();  // It may have waited.
  if (call->request.abandoned->load()) {
    return call->respond(ReplyOfStatus(503, "The request was given up.", call->errors));
  }
  try {
    Guard(*call, [&] { call->route->run(*this, call); });
  } catch (const NeedsLoading&) {
    call->may_load = true;
    loaders_.Post([this, call] { Run(call); });
  }
}

ServedModels::Served Service::Model(const Call& call, const std::optional<std::string>& name) {
  const std::string wanted = name.value_or(models_.default_name());
  if (!models_.Serves(wanted)) {
    throw ApiError(404,
                   Format("The model `{}` does not exist or you do not have access to it.", wanted),
                   "model", "model_not_found");
  }
  if (const auto loaded = models_.GetLoaded(wanted)) return *loaded;
  if (!call.may_load) throw NeedsLoading();
  try {
    return models_.Get(wanted);
  } catch (const Error& error) {  // Its message names files.
    Log(LogLevel::kWarning, Format("the model {} can't be loaded: {}", wanted, error.what()));
    throw ApiError(503, Format("The model `{}` can't be loaded now.", wanted), "model",
                   "model_unavailable", "server_error");
  }
}

void Service::Embed(const std::shared_ptr<Call>& call, std::shared_ptr<const Embedder> embedder,
                    TokenizedTexts texts, FormatVectors format) {
  call->request.body = {};  // It may have megabytes, and others wait too.
  const std::size_t tokens = texts.ids.size();
  const auto answer = [this, call, tokens, format = std::move(format)](const BatchResult& result) {
    Guard(*call, [&] {
      if (result.error != nullptr) std::rethrow_exception(result.error);
      metrics_.AddStage(Stage::kQueue, result.queue_seconds);
      metrics_.AddStage(Stage::kCompute, result.compute_seconds);
      call->watch.Lap();
      Reply reply = format(result.vectors.view());
      metrics_.AddStage(Stage::kFormat, call->watch.Lap());
      AddTimes(*call, result, tokens, reply);
      call->respond(std::move(reply));
    });
  };
  queue_.Add(std::move(embedder), std::move(texts), call->request.abandoned,
             [this, answer](BatchResult result) {
               // Shared only because std::function must be able to copy it.
               const auto kept = std::make_shared<BatchResult>(std::move(result));
               workers_.Post([answer, kept] { answer(*kept); });
             });
}

Metrics::Gauges Service::gauges() const {
  const HttpServer* const server = server_;
  return {.queue_tokens = queue_.tokens(),
          .requests = server == nullptr ? 0 : server->requests(),
          .connections = server == nullptr ? 0 : server->connections(),
          .loaded_models = models_.loaded()};
}

}  // namespace merle
