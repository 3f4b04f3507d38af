#include "server/http_server.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/log.h"
#include "server/connection.h"
#include "server/listener.h"
#include "server/mailbox.h"
#include "server/socket_address.h"
#include "server/stream.h"
#include "server/tls.h"
#include "server/under_way.h"

namespace merle {
namespace {

namespace asio = boost::asio;
using Protocol = asio::generic::stream_protocol;

// Where accepting fails, mostly as there are no more descriptors, it is tried again after so long.
constexpr std::chrono::milliseconds kAcceptPause(100);
// Connections beyond the limit that are told so, at once; more are closed without a word.
constexpr std::size_t kMostTurnedAway = 64;

std::optional<asio::ssl::context> MakeTls(const HttpServerOptions& options) {
  if (options.certificate_file.empty()) return std::nullopt;
  TlsContext context = LoadTlsContext(options.certificate_file, options.key_file);
  return std::optional<asio::ssl::context>(std::in_place, context.release());  // Frees it.
}

std::string UrlOf(const Listener& listener, bool tls) {
  if (listener.family() == AF_UNIX) return "unix:" + listener.place();
  return (tls ? "https://" : "http://") + listener.place();
}

}  // namespace

struct HttpServer::Parts {
  Parts(const HttpServerOptions& options, HttpHandlers handlers)
      : tls(MakeTls(options)),
        listener(options),
        url(UrlOf(listener, tls.has_value())),
        acceptor(context, Protocol(listener.family(), 0), listener.ReleaseSocket()),
        pause(context),
        deadline(context),
        all{.limits = options.limits,
            .handlers = std::move(handlers),
            .context = context,
            .tls = tls ? &*tls : nullptr,
            .mailbox = std::make_shared<Mailbox>(context),
            .load = std::make_shared<Load>(),
            .closed = [this] { EndIfDrained(); }} {}

  void Accept();
  void Take(Stream::Socket socket);
  void Drain(double seconds);
  void Stop();
  void EndIfDrained();
  void CloseAll();

  asio::io_context context{1};
  std::optional<asio::ssl::context> tls;
  Listener listener;
  const std::string url;
  asio::basic_socket_acceptor<Protocol> acceptor;
  asio::steady_timer pause;     // Of accepting.
  asio::steady_timer deadline;  // Of draining.
  bool cut = false;             // A request was not answered.
  Connections all;
};

void HttpServer::Parts::Accept() {
  acceptor.async_accept([this](const ErrorOfSystem& error, Stream::Socket socket) {
    if (error == asio::error::operation_aborted || all.draining) return;
    if (!error) {
      Take(std::move(socket));
      return Accept();
    }
    Log(LogLevel::kWarning, Format("can't accept a connection: {}", error.message()));
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](const ErrorOfSystem& stopped) {
      if (!stopped && !all.draining) Accept();
    });
  });
}

void HttpServer::Parts::Take(Stream::Socket socket) {
  ErrorOfSystem error;
  const Protocol::endpoint remote = socket.remote_endpoint(error);
  if (error) return;  // It has gone already.
  const int family = listener.family();
  const int on = 1;
  if (family != AF_UNIX) {
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  std::string address = RemoteAddress(*remote.data());
  const auto same = all.per_address.find(address);
  const bool full =
      all.open.size() - all.turned_away >= all.limits.connections ||
      (same != all.per_address.end() && same->second >= all.limits.connections_per_address);
  if (full && all.turned_away >= kMostTurnedAway) return;
  const auto connection = std::make_shared<Connection>(
      all, std::move(socket), AddressAndPort(*remote.data()), std::move(address));
  full ? connection->TurnAway() : connection->Start();
}

void HttpServer::Parts::Drain(double seconds) {
  if (all.draining) return Stop();
  // Who has connected already gets an answer, be it a refusal.
  ErrorOfSystem error;
  error = acceptor.non_blocking(true, error);
  for (;;) {
    Stream::Socket socket = acceptor.accept(error);
    if (error) break;
    Take(std::move(socket));
  }
  all.draining = true;
  error = acceptor.close(error);
  listener.RemoveFile();
  pause.cancel();
  deadline.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(
      std::chrono::duration<double>(seconds)));
  deadline.async_wait([this](const ErrorOfSystem& stopped) {
    if (!stopped) Stop();
  });
  for (Connection* connection : std::vector(all.open.begin(), all.open.end())) connection->Drain();
  EndIfDrained();
}

// With nothing left to wait for, Run returns.
void HttpServer::Parts::EndIfDrained() {
  if (all.draining && all.open.empty()) deadline.cancel();
}

void HttpServer::Parts::Stop() {
  for (const Connection* connection : all.open) cut |= connection->IsBusy();
  context.stop();
}

void HttpServer::Parts::CloseAll() {
  for (Connection* connection : std::vector(all.open.begin(), all.open.end())) connection->Close();
}

HttpServer::HttpServer(const HttpServerOptions& options, HttpHandlers handlers)
    : parts_(std::make_unique<Parts>(options, std::move(handlers))) {}

HttpServer::~HttpServer() {
  parts_->all.mailbox->Close();
  parts_->CloseAll();
}

std::string HttpServer::url() const { return parts_->url; }

bool HttpServer::Run() {
  parts_->Accept();
  for (;;) {
    try {
      parts_->context.run();
      break;
    } catch (
        const std::exception& error) {  // No memory for one connection must not end the others.
      Log(LogLevel::kWarning, Format("a connection failed: {}", error.what()));
    }
  }
  ErrorOfSystem ignored;
  ignored = parts_->acceptor.close(ignored);
  parts_->listener.RemoveFile();
  parts_->CloseAll();
  return !parts_->cut;
}

void HttpServer::Drain(double seconds) {
  parts_->all.mailbox->Post([parts = parts_.get(), seconds] { parts->Drain(seconds); });
}

void HttpServer::Stop() {
  parts_->all.mailbox->Post([parts = parts_.get()] { parts->Stop(); });
}

std::size_t HttpServer::connections() const { return parts_->all.load->connections; }
std::size_t HttpServer::requests() const { return parts_->all.load->requests; }

}  // namespace merle
