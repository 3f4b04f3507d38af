// The server's side of TLS: its certificate and what it agrees to.
#pragma once

#include <memory>
#include <string>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX.

namespace merle {

struct TlsContextDeleter {
  void operator()(ssl_ctx_st* context) const;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, TlsContextDeleter>;

// TLS 1.2 and later. Both files are PEM; the first has the server's certificate and those that
// vouch for it. Throws kDataLoss, naming the file, if they can't be read, are none, don't belong
// together, or the key asks for a password.
TlsContext LoadTlsContext(const std::string& certificate_file, const std::string& key_file);

}  // namespace merle
