// A socket, of the Internet or Unix, with or without TLS: one kind of stream for connections.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <optional>
#include <utility>

namespace merle {

using ErrorOfSystem = boost::system::error_code;

// Handlers get (ErrorOfSystem, bytes), or the error alone for Shake and EndTls.
class Stream {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  Stream(Socket socket, boost::asio::ssl::context* tls) : socket_(std::move(socket)) {
    if (tls != nullptr) tls_.emplace(socket_, *tls);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bool has_tls() const { return tls_.has_value(); }
  Socket& socket() { return socket_; }  // For what TLS has no part in.

  template <typename Handler>
  void Shake(Handler handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::move(handler));
  }
  template <typename Buffer, typename Handler>
  void Read(const Buffer& buffer, Handler handler) {
    if (tls_) {
      tls_->async_read_some(buffer, std::move(handler));
    } else {
      socket_.async_read_some(buffer, std::move(handler));
    }
  }
  template <typename Buffers, typename Handler>
  void Write(const Buffers& buffers, Handler handler) {
    if (tls_) {
      tls_->async_write_some(buffers, std::move(handler));
    } else {
      socket_.async_write_some(buffers, std::move(handler));
    }
  }
  // Says that nothing more will be sent. Not while a Read is under way.
  template <typename Handler>
  void EndTls(Handler handler) {
    tls_->async_shutdown(std::move(handler));
  }

 private:
  Socket socket_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace merle
