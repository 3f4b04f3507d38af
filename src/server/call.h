// One request on its way through its route: from thread to thread, until it has its reply.
#pragma once

#include <string>
#include <utility>

#include "base/stopwatch.h"
#include "server/message.h"
#include "server/routes.h"

namespace merle {

// Used by one thread at a time.
struct Call {
  Request request;
  const Route* route;
  ErrorShape errors;      // As its route says; a route with two shapes of answer may change it.
  Respond respond;        // Takes the reply, once.
  bool may_load = false;  // Runs in a thread that may wait for a model to be loaded.

  Stopwatch watch = {};  // Since the request came; its laps are the stages.
  double tokenize_seconds = 0;
};

// 200 with this JSON.
inline Reply JsonReply(std::string body) {
  Reply reply;
  reply.body = std::move(body);
  return reply;
}

}  // namespace merle
