#include "server/http_error.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/json_writer.h"
#include "base/quote.h"
#include "server/batch_queue.h"
#include "server/message.h"
#include "server/routes.h"

namespace merle {
namespace {

ErrorCode CodeOf(int status) {
  if (status == 404) return ErrorCode::kNotFound;
  if (status == 429) return ErrorCode::kResourceExhausted;
  return status == 503 ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument;
}

// What clients see of an error that is the server's own.
struct OwnError {
  int status;
  std::string_view message;
};

OwnError OwnErrorOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnavailable:
      return {503, "The server can't answer now. Try again."};
    case ErrorCode::kResourceExhausted:
      return {503,
              "The server has not enough memory for this request now. Try again, or send less."};
    case ErrorCode::kUnimplemented:
      return {501, "The server can't do that."};
    case ErrorCode::kIoError:
      return {507, "The server's disk is full or failed."};
    default:
      return {500, "The server had an error while processing your request."};
  }
}

struct Words {
  int status;
  std::string_view message;
  std::string_view param = {};
  std::string_view code = {};
  std::string_view type = "invalid_request_error";
};

// OpenAI's type and code of a status alone.
Words WordsOf(int status, std::string_view message) {
  Words words{.status = status, .message = message};
  if (status == 401) words.code = "invalid_api_key";
  if (status == 405) words.code = "method_not_supported";
  if (status == 429) {
    words.code = "rate_limit_exceeded";
    words.type = "rate_limit_error";
  }
  if (status >= 500) words.type = "server_error";
  return words;
}

std::string OpenAiBody(const Words& words) {
  JsonWriter json;
  const auto text_or_null = [&](std::string_view key, std::string_view text) {
    json.Key(key);
    if (text.empty()) {
      json.Null();
    } else {
      json.Value(text);
    }
  };
  json.BeginObject().Key("error").BeginObject().Key("message").Value(words.message);
  json.Key("type").Value(words.type);
  text_or_null("param", words.param);
  text_or_null("code", words.code);
  json.EndObject().EndObject();
  return json.text();
}

std::string_view TeiType(const Words& words) {
  if (words.type == "Empty") return words.type;
  if (words.status == 429) return "Overloaded";
  if (words.status == 503) return "Unhealthy";
  return words.status < 500 ? "Validation" : "Backend";
}

Reply Worded(const Words& words, ErrorShape shape) {
  Reply reply;
  reply.status = words.status;
  JsonWriter json;
  if (shape == ErrorShape::kOpenAi) {
    reply.body = OpenAiBody(words);
  } else if (shape == ErrorShape::kTei) {
    json.BeginObject().Key("error").Value(words.message);
    json.Key("error_type").Value(TeiType(words)).EndObject();
    reply.body = json.text();
  } else {
    json.BeginObject().Key("message").Value(words.message).EndObject();
    reply.body = json.text();
  }
  if (words.status == 401) reply.headers.emplace_back("www-authenticate", "Bearer");
  return reply;
}

// Whole seconds, as all clients read them, and OpenAI's header with the milliseconds.
void AddRetryAfter(double seconds, Reply& reply) {
  reply.headers.emplace_back("retry-after",
                             Format("{}", static_cast<int>(std::max(1.0, std::ceil(seconds)))));
  reply.headers.emplace_back("retry-after-ms",
                             Format("{}", static_cast<int>(std::ceil(seconds * 1000))));
}

// text-embeddings-inference has 400 for what is empty and 422 for all else that is wrong.
int StatusIn(ErrorShape shape, int status, std::string_view type) {
  return shape == ErrorShape::kTei && status == 400 && type != "Empty" ? 422 : status;
}

}  // namespace

ApiError::ApiError(int status, std::string_view message, std::string param, std::string code,
                   std::string type)
    : Error(CodeOf(status), message),
      status_(status),
      param_(std::move(param)),
      code_(std::move(code)),
      type_(std::move(type)) {}

Reply ReplyOfError(const std::exception& error, ErrorShape shape) {
  if (const auto* api = dynamic_cast<const ApiError*>(&error)) {
    Reply reply = Worded({.status = StatusIn(shape, api->status(), api->type()),
                          .message = api->what(),
                          .param = api->param(),
                          .code = api->code(),
                          .type = api->type()},
                         shape);
    if (api->status() == 503) AddRetryAfter(1, reply);
    return reply;
  }
  if (const auto* overloaded = dynamic_cast<const OverloadedError*>(&error)) {
    Reply reply = Worded(WordsOf(429, overloaded->what()), shape);
    AddRetryAfter(overloaded->retry_after_seconds(), reply);
    return reply;
  }
  const auto* own = dynamic_cast<const Error*>(&error);
  if (own != nullptr && own->code() == ErrorCode::kInvalidArgument) {
    return Worded(WordsOf(StatusIn(shape, 400, {}), own->what()), shape);
  }
  const bool no_memory = dynamic_cast<const std::bad_alloc*>(&error) != nullptr;
  const OwnError seen = OwnErrorOf(own != nullptr ? own->code()
                                   : no_memory    ? ErrorCode::kResourceExhausted
                                                  : ErrorCode::kDataLoss);
  return ReplyOfStatus(seen.status, seen.message, shape);
}

Reply ReplyOfStatus(int status, std::string_view message, ErrorShape shape) {
  const std::string printable = Escaped(message);
  Reply reply = Worded(WordsOf(status, printable), shape);
  if (status == 429 || status == 503) AddRetryAfter(1, reply);
  return reply;
}

}  // namespace merle
