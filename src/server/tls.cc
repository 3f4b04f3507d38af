#include "server/tls.h"

#include <openssl/err.h>
#include <openssl/prov_ssl.h>
#include <openssl/ssl.h>

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/format.h"
#include "base/quote.h"

namespace merle {
namespace {

void Check(int done, std::string_view what, const std::string& file) {
  if (done == 1) return;
  const char* reason = ::ERR_reason_error_string(::ERR_peek_last_error());
  ::ERR_clear_error();
  throw Error(ErrorCode::kDataLoss, Format("{}: {}: {}", Quoted(file), what,
                                           reason == nullptr ? "OpenSSL says no more" : reason));
}

// Instead of OpenSSL's own, which asks at the terminal.
int NoPassword(char*, int, int, void*) { return 0; }

}  // namespace

void TlsContextDeleter::operator()(ssl_ctx_st* context) const { ::SSL_CTX_free(context); }

TlsContext LoadTlsContext(const std::string& certificate_file, const std::string& key_file) {
  ::ERR_clear_error();
  TlsContext context(::SSL_CTX_new(::TLS_server_method()));
  Check(context != nullptr, "OpenSSL can't be used", certificate_file);
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ::SSL_CTX_set_default_passwd_cb(context.get(), NoPassword);
  Check(::SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()),
        "this is no certificate in PEM that can be used", certificate_file);
  Check(::SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM),
        "this is no key in PEM, without a password, that belongs to the certificate", key_file);
  Check(::SSL_CTX_check_private_key(context.get()), "the key does not belong to the certificate",
        key_file);
  return context;
}

}  // namespace merle
