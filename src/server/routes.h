// The one table of the server's routes.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "server/message.h"

namespace merle {

struct Call;
class Service;

// How a route words its errors.
enum class ErrorShape { kOpenAi, kTei, kCohere };

// Where a route runs.
enum class RouteKind {
  kQuick,   // In the server's one thread: it must not wait for anything.
  kWorker,  // In a worker thread.
  kQueued,  // In a worker thread, and its texts go through the queue: refused while that is full.
};

struct Route {
  std::string_view method;  // "GET" or "POST".
  std::string_view path;    // "/v1/embeddings"; "/v1/models/*" takes the rest of the path.
  ErrorShape errors;
  bool open;  // Answered without an API key.
  RouteKind kind;
  // For the API's document: the heading it stands under, what it does, and the names of the schemas
  // (api_schemas.json) of its body, empty for none, and of its reply, or the reply's media type
  // where that is not JSON.
  std::string_view tag, summary, request, reply;
  // Answers by call->respond, or throws Error, ApiError or OverloadedError, which Service words.
  // The call is shared by whoever works on it, one thread after another.
  void (*run)(Service& service, const std::shared_ptr<Call>& call);
};

std::span<const Route> AllRoutes();

// The route that takes `path` by `method`; null if there is none. HEAD finds what GET does.
const Route* FindRoute(std::string_view method, std::string_view path);

// The methods that `path` takes, as the header Allow has them: "GET, HEAD". Empty: no such path.
std::string AllowedMethods(std::string_view path);

// Each in the file of its API.
void RunEmbeddings(Service& service, const std::shared_ptr<Call>& call);
void RunModels(Service& service, const std::shared_ptr<Call>& call);
void RunModel(Service& service, const std::shared_ptr<Call>& call);
void RunEmbed(Service& service, const std::shared_ptr<Call>& call);
void RunEmbedAll(Service& service, const std::shared_ptr<Call>& call);
void RunSimilarity(Service& service, const std::shared_ptr<Call>& call);
void RunInfo(Service& service, const std::shared_ptr<Call>& call);
void RunRerank(Service& service, const std::shared_ptr<Call>& call);
void RunTokenize(Service& service, const std::shared_ptr<Call>& call);
void RunDetokenize(Service& service, const std::shared_ptr<Call>& call);
void RunDecode(Service& service, const std::shared_ptr<Call>& call);
void RunHealth(Service& service, const std::shared_ptr<Call>& call);
void RunReady(Service& service, const std::shared_ptr<Call>& call);
void RunMetrics(Service& service, const std::shared_ptr<Call>& call);
void RunOpenApi(Service& service, const std::shared_ptr<Call>& call);
void RunDocs(Service& service, const std::shared_ptr<Call>& call);

}  // namespace merle
