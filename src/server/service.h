// What the routes share: the models, the queue, the metrics, and the way from a request to its
// route and back.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/access.h"
#include "server/batch_queue.h"
#include "server/call.h"
#include "server/http_server.h"
#include "server/message.h"
#include "server/metrics.h"
#include "server/served_models.h"
#include "server/worker_threads.h"
#include "tensor/matrix.h"

namespace merle {

struct ServiceOptions {
  std::vector<ServedModelOptions> models;
  std::uint64_t model_budget = UINT64_MAX;  // Bytes of weights.
  AccessOptions access = {};                // Keys, hosts, origins.
  HttpLimits http = {};                     // Of the HttpServer before it: told to clients.
  std::size_t inputs = 2048;                // Texts of one request.
  std::size_t request_tokens = 300'000;     // Tokens of one request.
  std::size_t queue_tokens = 262'144;       // Waiting and running.
  double queue_seconds = 30;                // What these may take; well below the reply's deadline.
  bool cut_long = false;       // Cut texts that are too long, unless a request says otherwise.
  bool take_token_ids = true;  // Ids instead of texts; else they are refused.
  std::size_t workers = 0;     // Threads that parse, tokenize and write; 0: chosen.
};

// Writes the reply to `whole`, [texts, Embedder::whole_dim()].
using FormatVectors = std::function<Reply(MatrixView<const float> whole)>;

// Thread-safe. When it is destroyed, requests under way get their replies first, 503 where they
// still wait in the queue: so it goes before the HttpServer that it answers through.
class Service {
 public:
  // Throws kInvalidArgument without models, and what ServedModels throws.
  explicit Service(ServiceOptions options);
  ~Service();

  // For an HttpServer, or a test. `finished` sees each exchange after the metrics have.
  HttpHandlers Handlers(std::function<void(const Exchange&)> finished = {});

  // The model of that name, the default one without, for a route that has done nothing yet which
  // can't be done twice: where it must be loaded first, this throws something that runs the route
  // again, in a thread that may wait. Throws ApiError: 404 for a name that is not served, 503 if it
  // can't be loaded.
  ServedModels::Served Model(const Call& call, const std::optional<std::string>& name = {});

  // Runs `texts` through the queue, then `format` in a worker thread, whose reply goes to the
  // client with headers that say how long it took. Throws OverloadedError.
  void Embed(const std::shared_ptr<Call>& call, std::shared_ptr<const Embedder> embedder,
             TokenizedTexts texts, FormatVectors format);

  // What /metrics shows of connections and requests is this server's; null: none. It must outlive
  // the service.
  void Watch(const HttpServer* server) { server_ = server; }
  Metrics::Gauges gauges() const;

  const ServiceOptions& options() const { return options_; }
  std::int64_t started() const { return started_; }  // Unix time, seconds.
  bool needs_key() const { return access_.needs_key(); }
  std::size_t workers() const { return workers_.size(); }
  ServedModels& models() { return models_; }
  BatchQueue& queue() { return queue_; }
  Metrics& metrics() { return metrics_; }

 private:
  std::optional<Reply> Admit(const Request& head) const;
  void Handle(Request request, Respond respond);
  void Run(const std::shared_ptr<Call>& call);

  ServiceOptions options_;
  Access access_;
  std::int64_t started_;
  std::atomic<const HttpServer*> server_{nullptr};
  Metrics metrics_;
  ServedModels models_;
  WorkerThreads loaders_;  // Wait for models, which may need that the workers go on.
  WorkerThreads workers_;
  BatchQueue queue_;  // Ends before the workers' object: what it gives up is answered through that.
};

}  // namespace merle
