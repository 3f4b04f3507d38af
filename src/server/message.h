// What a client asks and what it gets back: HTTP without sockets.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace merle {

struct Request {
  std::string method;  // "POST". Of a reply to "HEAD" the server leaves out the body.
  std::string path;    // Percent-decoded once, without the query: "/v1/embeddings".
  std::string query;   // As it came, without the '?'.
  std::vector<std::pair<std::string, std::string>> headers;  // Lower-case names, in their order.
  std::string body;
  std::string id;        // Of this request, for logs and the header x-request-id: ours, or the
                         // client's where that is 1 to 64 letters, digits and "-_.".
  std::string trace_id;  // 32 hexadecimal digits of a valid W3C traceparent, or empty.
  // True once nobody waits for the reply: the client is gone, or the deadline has passed. Shared by
  // the connection, which sets it, and whatever works for the request, which may stop.
  std::shared_ptr<const std::atomic<bool>> abandoned;

  // The first header of that name; nothing if there is none.
  std::optional<std::string_view> Header(std::string_view lower_case_name) const;
};

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers =
      {};              // Besides type, length, date and id.
  bool close = false;  // The connection ends behind it.
};

// Takes the reply to one request. May be called in any thread, once.
using Respond = std::function<void(Reply)>;

}  // namespace merle
