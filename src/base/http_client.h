// Asks a web server for something: one request at a time over kept connections, by the system's
// libcurl, which is opened at the first request.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace merle {

struct HttpOptions {
  double connect_seconds = 10;  // Longest wait for a connection.
  double stall_seconds = 10;    // Longest wait for the next bytes.
  std::string ca_file;          // Certificates to trust; empty: those of the system.
  std::string user_agent = "merle";
};

// What a POST carries.
struct HttpContent {
  std::string_view bytes;  // Must outlive the request.
  std::string type;        // "application/json"
};

struct HttpRequest {
  std::string url;  // http or https.
  bool head = false;
  std::uint64_t first_byte = 0;  // More than 0 asks for the rest of a file from this byte.
  // Value of the header Authorization, or empty. It goes to the URL's own origin (scheme, host and
  // port) only, never along a redirect to another.
  std::string authorization = {};
  double most_seconds = 0;  // Longest time for the whole answer; 0: without limit.
  // What to do where the server sends us to another origin: go there, or return that answer.
  bool leave_origin = true;
  // Makes it a POST. It follows only redirects that keep method and origin (307, 308); another one
  // is returned as the answer.
  std::optional<HttpContent> post = {};
  // Ends the request, within about a second, once it is true; must outlive it. May be null.
  const std::atomic<bool>* stop = nullptr;
};

struct HttpResponse {
  int status = 0;
  std::string url;                             // That answered: the last one after redirects.
  std::map<std::string, std::string> headers;  // By lower-case name; the last of a name counts.

  std::optional<std::string_view> Header(const std::string& lower_case_name) const;

  // Retry-After in seconds, not less than 0, whether it is a number or a date (RFC 9110, section
  // 10.2.3; some servers send fractions); a date counts from the server's own. Nothing if it is
  // absent or neither.
  std::optional<double> RetryAfter() const;
};

// No connection could be made: the name is unknown, nobody listens, TLS fails, a proxy refuses.
// Asking again at once won't help.
class NoConnectionError : public Error {
 public:
  explicit NoConnectionError(const std::string& message)
      : Error(ErrorCode::kUnavailable, message) {}
};

// A URL for messages: without user and password, and without what follows '?', which may be a
// signature that opens the file to everybody.
std::string WithoutSecrets(std::string_view url);

// Gets the body in pieces, with the status and headers of the answer that it belongs to: the last
// one, after redirects. What it throws ends the request and comes out of Send.
using HttpBody = std::function<void(const HttpResponse& response, std::string_view bytes)>;

// An answer with all of its body.
struct HttpReply {
  HttpResponse response;
  std::string body;
};

// Not for several threads at once. Proxies are taken from the environment by libcurl itself
// (https_proxy, no_proxy, …); this machine (localhost, 127.x.x.x, [::1]) is asked without one.
class HttpClient {
 public:
  // Throws kUnimplemented if the system has no libcurl.
  explicit HttpClient(const HttpOptions& options);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  // Returns the answer, whatever its status. Follows up to kMostRedirects redirects.
  // Throws kInvalidArgument if the URL is none that we may ask, NoConnectionError, kUnavailable if
  // there is no whole answer: a stall, a connection that ends early, too many redirects, one from
  // https to http, a stop.
  HttpResponse Send(const HttpRequest& request, const HttpBody& body);

  // The same with the body in one piece. Throws kDataLoss if it has more than `most_bytes`.
  HttpReply Ask(const HttpRequest& request, std::size_t most_bytes);

  static constexpr int kMostRedirects = 5;

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace merle
