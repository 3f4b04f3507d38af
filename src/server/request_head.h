// What a request's head says: the request, and how its body comes.
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>

#include "server/http_head.h"
#include "server/message.h"

namespace merle {

struct Head {
  Request request;  // Without its body; with the id that the client gave, or a new one.
  bool chunked = false;
  std::size_t length = 0;         // Of a body that is not chunked.
  bool keep_alive = false;        // HTTP/1.1 without "Connection: close".
  bool expects_continue = false;  // Waits for "100 Continue" before it sends the body.
};

// Reads a head that HeadScanner has found whole and good. A length that no number holds becomes the
// largest. Not for several threads at once.
std::variant<Head, HeadProblem> ParseHead(std::string_view bytes);

}  // namespace merle
