// An HTTP/1.1 server with strict framing and a limit for everything: sockets in, requests out.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/message.h"

namespace merle {

// What one client may ask of us. docs/http_api.md has the answers to who goes beyond.
struct HttpLimits {
  std::size_t line_bytes = 8 << 10;           // Request line (414), and one header (431).
  std::size_t head_bytes = 32 << 10;          // All of them (431).
  std::size_t headers = 100;                  // How many (431).
  std::size_t body_bytes = 16 << 20;          // Declared, or as received (413).
  std::size_t all_body_bytes = 512 << 20;     // Of the bodies of all requests under way (503).
  std::size_t chunk_line_bytes = 16;          // Of a chunked body (400).
  std::size_t chunks = 65536;                 // Of a chunked body (400).
  std::size_t connections = 1024;             // In all (503).
  std::size_t connections_per_address = 128;  // Not for loopback and the Unix socket (503).
  std::size_t requests = 512;                 // Under way at once (429).
  double head_seconds = 10;                   // From the first byte of a head to its last (408).
  double body_seconds = 30;                   // Likewise of a body (408).
  double body_bytes_per_second = 1024;        // At least, on the average after 5 seconds (408).
  double idle_seconds = 60;                   // Between requests; then the connection is closed.
  double write_seconds = 30;                  // Without a byte taken; then it is closed.
  double reply_seconds = 60;                  // From the whole request to its reply (504).
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";  // To listen at; IPv4 or IPv6, no name.
  std::uint16_t port = 0;             // 0: a free one.
  std::string unix_socket = {};       // Path of a socket to listen at instead, mode 0600.
  std::string certificate_file = {};  // PEM chain; with it TLS 1.2 or later, and nothing else.
  std::string key_file = {};          // PEM.
  HttpLimits limits = {};
};

// What the server did with a request, for logs and metrics. Also of those that never became one,
// such as a broken head: then method and path are empty.
struct Exchange {
  std::string method, path, id, trace_id, peer;  // peer: "127.0.0.1:5000", "unix".
  int status = 0;                                // 499: the client went before the reply.
  std::size_t request_bytes = 0;                 // Of the body.
  std::size_t reply_bytes = 0;                   // Likewise.
  double seconds = 0;                            // From the head's first byte to the reply's last.
};

// Called in the server's one thread, so they must be quick, but for Respond's thread: see
// message.h.
struct HttpHandlers {
  // Judges a request by its head alone, before the body is read; a reply refuses it.
  std::function<std::optional<Reply>(const Request& head)> admit;
  std::function<void(Request request, Respond respond)> handle;
  // The body of a refusal that the server itself makes, such as 413: `message` is a sentence. The
  // server adds Retry-After where it belongs and is not there.
  std::function<Reply(int status, const std::string& message, const std::string& path)> refuse;
  std::function<void(const Exchange& exchange)> finished;
};

// Listens from its construction on. One thread, that of Run, does all its work. A client that ends
// its side of the connection counts as gone, as nothing tells the two apart: its request is
// abandoned, and the reply, should one come, is sent all the same.
class HttpServer {
 public:
  // Throws kInvalidArgument for an address that is none, kAlreadyExists where the port or socket is
  // in use, kIoError where the system refuses, kDataLoss for a certificate or key that can't be
  // used.
  HttpServer(const HttpServerOptions& options, HttpHandlers handlers);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url() const;  // "http://127.0.0.1:8080", "https://…", "unix:/run/merle.sock".

  // Serves until Drain or Stop has ended it. Returns true if every request was answered.
  bool Run();

  // From any thread or a signal's handler that runs in one: no new connections and requests (503),
  // those under way get their replies for up to `seconds`, then Run returns. A second call is Stop.
  void Drain(double seconds);
  void Stop();  // Run returns at once.

  std::size_t connections() const;  // Open now. From any thread.
  std::size_t requests() const;     // Under way now. From any thread.

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace merle
