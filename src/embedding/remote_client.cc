#include "embedding/remote_client.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/http_client.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "embedding/embeddings_api.h"
#include "embedding/remote_options.h"
#include "embedding/retry_schedule.h"

namespace merle {
namespace {

// Of an answer: 8,192 components as indented decimal numbers for each text.
constexpr std::size_t kMostBytesOfText = 256u << 10;
constexpr std::size_t kMostBytesBeside = 1u << 20;

constexpr double kSilentSeconds = 10;  // A longer wait is told to everybody.
constexpr double kStopSeconds = 0.02;  // Between looks at `stop`.

bool HasAny(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](auto part) { return text.find(part) != text.npos; });
}

bool IsQuota(const ApiProblem& problem) {
  return problem.code == "insufficient_quota" || problem.type == "insufficient_quota";
}

// Whether another division of the texts, or other texts, would help. Codes are OpenAI's, words
// those of OpenAI, text embeddings inference, vLLM and llama.cpp.
std::optional<TextsRefused::Why> WhyRefused(int status, const ApiProblem& problem) {
  using Why = TextsRefused::Why;
  const std::string_view says = problem.message;
  if (HasAny(says, {"maximum allowed batch size", "array too long"})) return Why::kTooMany;
  if (status == 413 || problem.code == "max_tokens_per_request" ||
      problem.type == "max_tokens_per_request" ||
      HasAny(says, {"tokens per request", "Request too large for"})) {
    return Why::kTooMuch;
  }
  if (problem.code == "context_length_exceeded" ||
      HasAny(says, {"maximum context length", "must have less than", "too large to process"})) {
    return Why::kOneTooLong;
  }
  if (status == 400 || status == 422) return Why::kNotAccepted;
  return std::nullopt;
}

}  // namespace

RemoteClient::RemoteClient(const RemoteOptions& options, RemoteTraffic& traffic)
    : options_(options),
      traffic_(traffic),
      name_("openai:" + options.model),
      url_(options.base_url + "/embeddings"),
      http_({.connect_seconds = options.connect_seconds,
             .stall_seconds = options.request_seconds,  // It is silent while it computes.
             .ca_file = options.ca_file,
             .user_agent = "merle"}),
      random_(std::random_device()()) {}

EmbeddingsAnswer RemoteClient::Embed(std::span<const std::string_view> texts,
                                     std::size_t dimensions, const std::atomic<bool>& stop) {
  const std::string body = EmbeddingsBody(options_.model, texts, dimensions);
  const HttpRequest request{
      .url = url_,
      .authorization = options_.key.empty() ? std::string() : "Bearer " + options_.key,
      .most_seconds = options_.request_seconds,
      .post = HttpContent{.bytes = body, .type = "application/json"},
      .stop = &stop};
  for (int tries = 1;; ++tries) {
    ++traffic_.requests;
    if (tries > 1) ++traffic_.repeated;
    std::optional<HttpResponse> response;
    std::string problem;
    try {
      HttpReply reply = http_.Ask(request, kMostBytesBeside + texts.size() * kMostBytesOfText);
      traffic_.reached = true;
      if (reply.response.status == 200) return Read(reply, texts.size());
      problem = Judge(reply);
      response = std::move(reply.response);
    } catch (const TextsRefused&) {
      throw;
    } catch (const Error& error) {
      problem = WithoutSecret(error.what(), options_.key);
      if (error.code() != ErrorCode::kUnavailable) throw Error(error.code(), problem);
      const bool unconnected = dynamic_cast<const NoConnectionError*>(&error) != nullptr;
      if (unconnected && !traffic_.reached) {  // No network, or no server; later it may restart.
        throw NoConnectionError(
            Format("{} can't be asked: {}; check the network, https_proxy and OPENAI_BASE_URL",
                   name_, problem));
      }
    }
    Wait(tries, response ? &*response : nullptr, problem, stop);
  }
}

EmbeddingsAnswer RemoteClient::Read(const HttpReply& reply, std::size_t texts) {
  EmbeddingsAnswer answer =
      ParseEmbeddings(reply.body, texts, Format("{}: the answer of {}", name_, url_));
  traffic_.tokens += answer.tokens.value_or(0);
  Log(LogLevel::kDebug, Format("{}: {} texts, {} tokens", url_, texts, answer.tokens.value_or(0)));
  return answer;
}

// What is wrong, where asking again may help; throws where it won't.
std::string RemoteClient::Judge(const HttpReply& reply) const {
  const int status = reply.response.status;
  const ApiProblem problem = ParseProblem(reply.body, options_.key);
  const std::string said = problem.message.empty() ? "" : Format(": '{}'", problem.message);
  if (const auto why = WhyRefused(status, problem)) {
    throw TextsRefused(
        *why, Format("{}: {} refuses (status {}){}", name_, options_.base_url, status, said));
  }
  if (IsQuota(problem) || status == 402) {
    throw Error(ErrorCode::kResourceExhausted,
                Format("{}: the account at {} has no quota left (status {}){}; see its plan and "
                       "billing",
                       name_, options_.base_url, status, said));
  }
  if (!MayPass(reply.response)) Refuse(reply, said);
  return Format("{} {} (status {}){}", options_.base_url,
                status == 429 ? "gets too many requests" : "has a fault", status, said);
}

void RemoteClient::Refuse(const HttpReply& reply, const std::string& said) const {
  const int status = reply.response.status;
  const auto place = reply.response.Header("location");
  ErrorCode code = ErrorCode::kFailedPrecondition;
  std::string what = Format("refuses (status {}){}", status, said);
  if (status == 401) {  // Without the server's words: they may show a part of the key.
    what = options_.key.empty() ? "wants a key (status 401); set OPENAI_API_KEY"
                                : "refuses the key that is in OPENAI_API_KEY (status 401)";
  } else if (status == 404) {
    code = ErrorCode::kNotFound;
    what = Format(
        "has no such model, or OPENAI_BASE_URL is not the address of an API, which mostly "
        "ends in /v1 (status 404){}",
        said);
  } else if (status == 407) {
    what =
        "can't be asked: the proxy on the way wants a user and a password (status 407); give "
        "them in http_proxy or https_proxy";
  } else if (place && status / 100 == 3) {
    what = Format(
        "sends elsewhere, to {} (status {}); if that is right, name it in "
        "OPENAI_BASE_URL",
        WithoutSecrets(*place), status);
  }
  throw Error(code, Format("{}: {} {}", name_, options_.base_url, what));
}

void RemoteClient::Wait(int tries, const HttpResponse* response, const std::string& problem,
                        const std::atomic<bool>& stop) {
  const auto wait =
      SecondsToWait(tries, response, std::uniform_real_distribution<double>()(random_));
  if (!wait) {
    throw Error(ErrorCode::kUnavailable,
                Format("{}: {}; {}; try again later", name_, problem,
                       tries == kMostTries ? Format("it was asked {} times", tries)
                                           : "it asks for a long wait"));
  }
  if (!stop) {
    Log(*wait < kSilentSeconds ? LogLevel::kInfo : LogLevel::kWarning,
        Format("{}: {}; trying again in {:.1f} s", name_, problem, *wait));
  }
  const Stopwatch watch;
  while (watch.Seconds() < *wait) {
    if (stop) throw Error(ErrorCode::kUnavailable, Format("{}: stopped", name_));
    std::this_thread::sleep_for(
        std::chrono::duration<double>(std::min(kStopSeconds, *wait - watch.Seconds())));
  }
}

}  // namespace merle
