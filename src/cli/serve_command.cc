// merle serve: vectors for other programs, over HTTP.

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/models_to_serve.h"
#include "cli/options.h"
#include "cli/shutdown_signals.h"
#include "embedding/embedder.h"
#include "models/compute.h"
#include "server/access.h"
#include "server/http_server.h"
#include "server/request_log.h"
#include "server/served_models.h"
#include "server/service.h"

namespace merle {
namespace {

constexpr std::size_t kMostKeyBytes = 1 << 20;  // Of the file.

HttpLimits LimitsOf(const Options& options) {
  const auto seconds = [](std::size_t whole) { return static_cast<double>(whole); };
  return {.line_bytes = options.max_line,
          .head_bytes = options.max_head,
          .headers = options.max_headers,
          .body_bytes = options.max_body,
          .all_body_bytes = options.max_all_bodies,
          .chunk_line_bytes = options.max_chunk_line,
          .chunks = options.max_chunks,
          .connections = options.max_connections,
          .connections_per_address = options.max_connections_per_address,
          .requests = options.max_requests,
          .head_seconds = seconds(options.head_timeout),
          .body_seconds = seconds(options.body_timeout),
          .body_bytes_per_second = seconds(options.min_body_rate),
          .idle_seconds = seconds(options.idle_timeout),
          .write_seconds = seconds(options.write_timeout),
          .reply_seconds = seconds(options.reply_timeout)};
}

// "localhost" is the one name that needs no question to anybody.
std::string AddressOf(const Options& options) {
  return options.host == "localhost" ? "127.0.0.1" : options.host;
}

bool IsEveryAddress(std::string_view address) { return address == "0.0.0.0" || address == "::"; }

// A key a line; blanks around it, empty lines and those that begin with # do not count.
std::vector<std::string> KeysOf(const Options& options) {
  std::vector<std::string> keys;
  const auto add = [&](std::string_view line) {
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos || line[begin] == '#') return;
    keys.emplace_back(line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin));
  };
  if (const auto key = EnvironmentVariable("MERLE_API_KEY")) keys.push_back(*key);
  if (!options.api_key_file) return keys;
  const std::string content = ReadFile(*options.api_key_file, kMostKeyBytes);
  const std::size_t before = keys.size();
  std::string_view rest = content;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    add(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (keys.size() == before) {
    throw UsageError(Format("--api-key-file: there is no key in {}", *options.api_key_file));
  }
  return keys;
}

void CheckOptions(const Options& options, bool has_key) {
  if (options.tls_cert.has_value() != options.tls_key.has_value()) {
    throw UsageError("--tls-cert and --tls-key go together");
  }
  if (options.tls_cert && options.unix_socket) {
    throw UsageError("--tls-cert and --unix-socket exclude each other");
  }
  const std::string address = AddressOf(options);
  const bool loopback = address.starts_with("127.") || address == "::1";
  if (!loopback && !options.unix_socket && !has_key && !options.allow_anyone) {
    throw UsageError(
        Format("--host {} lets other machines ask: protect it with --api-key-file or "
               "MERLE_API_KEY, or say --allow-anyone",
               options.host));
  }
}

AccessOptions AccessOf(const Options& options, std::vector<std::string> keys) {
  AccessOptions access{
      .keys = std::move(keys), .hosts = options.allowed_hosts, .origins = options.cors_origins};
  if (!IsEveryAddress(options.host)) access.hosts.push_back(options.host);
  return access;
}

std::uint64_t MemoryBudget(const Options& options) {
  if (options.memory_budget) return std::uint64_t{*options.memory_budget} << 20;
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 2;
}

// The models share `pool`, so that the machine has as many threads as it has cores.
std::vector<ServedModelOptions> ServedOf(const std::vector<ModelToServe>& models,
                                         const Options& options, ThreadPool& pool) {
  std::vector<ServedModelOptions> served;
  for (const ModelToServe& model : models) {
    const EmbedderOptions how{.threads = pool.size(),
                              .pool = &pool,
                              .compute = *ParseCompute(options.compute),
                              .cache_folder = CacheFolderFromEnvironment()};
    served.push_back(
        {.id = model.id,
         .aliases = model.aliases,
         .revision = model.revision,
         .bytes = model.bytes,
         .open = [folder = model.folder, how] { return Embedder::Load(folder, how); }});
  }
  return served;
}

ServiceOptions ServiceOptionsOf(const Options& options, std::vector<ServedModelOptions> models,
                                std::vector<std::string> keys) {
  return {.models = std::move(models),
          .model_budget = MemoryBudget(options),
          .access = AccessOf(options, std::move(keys)),
          .http = LimitsOf(options),
          .inputs = options.max_inputs,
          .request_tokens = options.max_request_tokens,
          .queue_tokens = options.queue_tokens,
          .queue_seconds = static_cast<double>(options.reply_timeout) / 2,
          .cut_long = options.truncate,
          .take_token_ids = !options.refuse_token_ids};
}

HttpServerOptions ServerOptionsOf(const Options& options) {
  return {.address = AddressOf(options),
          .port = static_cast<std::uint16_t>(options.port),
          .unix_socket = options.unix_socket.value_or(""),
          .certificate_file = options.tls_cert.value_or(""),
          .key_file = options.tls_key.value_or(""),
          .limits = LimitsOf(options)};
}

// While it lives, what the library logs goes to `log`.
class LogToRequestLog {
 public:
  LogToRequestLog(RequestLog& log, bool verbose) {
    SetLogCallback([&log, verbose](LogLevel level, std::string_view message) {
      if (verbose || level == LogLevel::kWarning) log.AddMessage(message);
    });
  }
  ~LogToRequestLog() { SetLogCallback({}); }
  LogToRequestLog(const LogToRequestLog&) = delete;
  LogToRequestLog& operator=(const LogToRequestLog&) = delete;
};

void Announce(const Invocation& invocation, const std::vector<ModelToServe>& models,
              const HttpServer& server) {
  std::vector<std::string> names;
  names.reserve(models.size());
  for (const ModelToServe& model : models) names.push_back(model.id);
  invocation.Say(Format("serving {} at {}", Join(names, ", "), server.url()));
  if (invocation.options.quiet) {  // The essence.
    invocation.out.Write(server.url() + "\n");
    invocation.out.Flush();
  }
  if (IsEveryAddress(invocation.options.host) && invocation.options.allowed_hosts.empty()) {
    invocation.Say("clients may call it localhost alone; --allow-host adds its names");
  }
}

// Serves until a signal or a failure of the default model ends it.
bool Serve(const Invocation& invocation, const std::vector<ModelToServe>& models,
           std::vector<std::string> keys) {
  const Options& options = invocation.options;
  ShutdownSignals signals;  // Before all threads.
  RequestLog log(options.log_format == "json" ? LogForm::kJson : LogForm::kText,
                 [](const std::string& text) { std::fputs(text.c_str(), stderr); });
  const LogToRequestLog log_messages(log, options.verbose);
  ThreadPool pool(options.threads.value_or(0));
  auto service = std::make_unique<Service>(
      ServiceOptionsOf(options, ServedOf(models, options, pool), std::move(keys)));
  HttpServer server(ServerOptionsOf(options), service->Handlers([&](const Exchange& exchange) {
    if (!options.quiet) log.Add(exchange);
  }));
  service->Watch(&server);
  signals.Watch([&] { server.Drain(static_cast<double>(options.drain_timeout)); });

  std::exception_ptr failure;  // Read once the thread has ended.
  std::thread loader([&] {     // So that the first request is fast.
    try {
      service->models().Get(service->models().default_name());
    } catch (...) {
      failure = std::current_exception();
      server.Stop();
    }
  });
  Announce(invocation, models, server);
  const bool all_answered = server.Run();
  loader.join();
  service.reset();  // It answers through the server.
  if (failure != nullptr) std::rethrow_exception(failure);
  return all_answered;
}

int Run(const Invocation& invocation) {
  std::vector<std::string> keys = KeysOf(invocation.options);
  CheckOptions(invocation.options, !keys.empty());
  const std::vector<ModelToServe> models = FindModelsToServe(invocation);
  try {
    if (Serve(invocation, models, std::move(keys))) return kExitOk;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInvalidArgument) throw UsageError(error.what());
    const bool of_model = error.code() == ErrorCode::kDataLoss ||
                          error.code() == ErrorCode::kUnimplemented ||
                          error.code() == ErrorCode::kNotFound;
    if (of_model) throw ModelError(error.code(), error.what());
    throw;
  }
  invocation.Say("ended with requests that were not answered (--drain-timeout)");
  return kExitFailure;
}

}  // namespace

CommandDetails ServeDetails() {
  return {
      .arguments = "[MODEL…]",
      .least_arguments = 0,
      .most_arguments = std::numeric_limits<std::size_t>::max(),
      .options = {"model",
                  "host",
                  "port",
                  "unix-socket",
                  "alias",
                  "api-key-file",
                  "tls-cert",
                  "tls-key",
                  "cors-origin",
                  "allow-host",
                  "allow-anyone",
                  "truncate",
                  "refuse-token-ids",
                  "log-format",
                  "compute",
                  "threads",
                  "memory-budget",
                  "max-inputs",
                  "max-request-tokens",
                  "queue-tokens",
                  "max-requests",
                  "max-connections",
                  "max-connections-per-address",
                  "max-body",
                  "max-all-bodies",
                  "max-line",
                  "max-head",
                  "max-headers",
                  "max-chunk-line",
                  "max-chunks",
                  "head-timeout",
                  "body-timeout",
                  "min-body-rate",
                  "idle-timeout",
                  "write-timeout",
                  "reply-timeout",
                  "drain-timeout"},
      .description =
          "Programs that use OpenAI's embeddings work with it unchanged: set OPENAI_BASE_URL to "
          "its "
          "address with /v1, and OPENAI_API_KEY to anything, or to a key of --api-key-file. It "
          "answers text-embeddings-inference's and other clients too; /docs lists all routes.\n"
          "It serves the arguments, or the model of -m, and those of --alias; the first is the "
          "default. They are fetched now if they are not here, and loaded when first used, the "
          "default at once. A request can name these models alone, never a file.\n"
          "It can be reached from this machine alone unless --host says otherwise, which needs a "
          "key. When it can be asked it says so with its address; with -q it writes the address "
          "alone to standard output, and no line about each request to standard error.\n"
          "SIGTERM or Ctrl-C lets it finish what is under way; a second one ends it at once.",
      .examples = {{"merle serve --alias text-embedding-3-small=all-MiniLM-L6-v2",
                    "what asks OpenAI for that model asks this one"},
                   {"merle serve BAAI/bge-small-en-v1.5 --port 0", "another model, at a free port"},
                   {"merle serve --host 0.0.0.0 --allow-host box.lan --api-key-file keys.txt",
                    "for other machines"}},
      .run = Run,
  };
}

}  // namespace merle
