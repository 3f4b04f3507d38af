// For tests: a Service over small models, asked without sockets.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_reader.h"
#include "embedding/embedder.h"
#include "server/message.h"
#include "server/service.h"

namespace merle {

inline std::string GoldenModel(std::string_view name) {
  return std::string(MERLE_SOURCE_DIR "/tests/golden/embedding/").append(name);
}

// The golden model of that name as "org/name".
inline ServedModelOptions GoldenServed(const std::string& name, std::vector<std::string> aliases) {
  return {.id = "org/" + name,
          .aliases = std::move(aliases),
          .revision = {},
          .bytes = 1,
          .open = [name] { return Embedder::Load(GoldenModel(name), {.threads = 2}); }};
}

// Of a Service over one of them, with "small" as its alias.
inline ServiceOptions GoldenOptions(const std::string& name) {
  ServiceOptions options;
  options.models.push_back(GoldenServed(name, {"small"}));
  return options;
}

// A Service and how to ask it. May be asked in several threads.
class AskedService {
 public:
  explicit AskedService(ServiceOptions options) : service_(std::move(options)) {}

  // As an HttpServer asks: by the head first.
  Reply Ask(Request request) {
    if (request.Header("host") == std::nullopt) request.headers.emplace_back("host", "localhost");
    request.id = "request-1";
    if (auto refusal = handlers_.admit(request)) return *std::move(refusal);
    // Shared with whichever thread answers.
    const auto answer = std::make_shared<std::promise<Reply>>();
    auto reply = answer->get_future();
    handlers_.handle(std::move(request),
                     [answer](Reply given) { answer->set_value(std::move(given)); });
    return reply.get();
  }

  Reply Post(std::string_view path, std::string_view body) {
    Request request;
    request.method = "POST";
    request.path = path;
    request.body = body;
    request.headers.emplace_back("content-type", "application/json");
    return Ask(std::move(request));
  }

  Reply Get(std::string_view path) {
    Request request;
    request.method = "GET";
    request.path = path;
    return Ask(std::move(request));
  }

  Service& service() { return service_; }

 private:
  Service service_;
  HttpHandlers handlers_ = service_.Handlers();
};

inline std::string HeaderOf(const Reply& reply, std::string_view name) {
  for (const auto& [key, value] : reply.headers) {
    if (key == name) return value;
  }
  return {};
}

inline JsonDocument JsonOf(const Reply& reply) { return JsonDocument::Parse(reply.body, "reply"); }

inline std::vector<float> FloatsOf(const JsonValue& array) {
  std::vector<float> numbers;
  array.ForEachElement(
      [&](const JsonValue& number) { numbers.push_back(static_cast<float>(number.AsNumber())); });
  return numbers;
}

}  // namespace merle
