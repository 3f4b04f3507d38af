#include "server/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/prov_ssl.h>
#include <openssl/ssl.h>
#include <openssl/types.h>

#include <array>
#include <string>

#include "base/error_matcher.h"
#include "base/test_folder.h"
#include "server/http_server.h"
#include "server/http_server_test.h"
#include "server/raw_client.h"
#include "server/tls_test.h"

namespace merle {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(LoadTlsContext, NamesTheFileThatIsOfNoUse) {
  const TestFolder folder;
  const std::string certificate = folder.Path("certificate.pem");
  const std::string key = folder.Path("key.pem");
  WriteCertificate(certificate, key);
  EXPECT_NE(LoadTlsContext(certificate, key), nullptr);

  const std::string text = folder.Write("text", "no certificate");
  const std::string other = folder.Path("other.pem");
  WriteCertificate(folder.Path("unused.pem"), other);
  const std::string locked = folder.Path("locked.pem");
  const std::string locked_certificate = folder.Path("locked_certificate.pem");
  WriteCertificate(locked_certificate, locked, "password");
  const struct {
    std::string certificate, key, to_blame;
  } cases[] = {
      {"/nonexistent", key, "/nonexistent"},
      {text, key, text},
      {key, key, key},
      {certificate, "/nonexistent", "/nonexistent"},
      {certificate, text, text},
      {certificate, certificate, certificate},
      {certificate, other, other},
      {locked_certificate, locked, locked},
  };
  for (const auto& test : cases) {
    EXPECT_THAT([&] { LoadTlsContext(test.certificate, test.key); },
                ThrowsError(ErrorCode::kDataLoss, HasSubstr(test.to_blame)));
  }
}

// A client with TLS over a RawClient's socket.
class TlsClient {
 public:
  TlsClient(const std::string& url, int version)
      : client_(url), context_(::SSL_CTX_new(::TLS_client_method())) {
    ::SSL_CTX_set_security_level(context_, 0);
    ::SSL_CTX_set_min_proto_version(context_, version);
    ::SSL_CTX_set_max_proto_version(context_, version);
    tls_ = ::SSL_new(context_);
    ::SSL_set_fd(tls_, client_.socket());
    connected_ = ::SSL_connect(tls_) == 1;
  }
  ~TlsClient() {
    ::SSL_free(tls_);
    ::SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool connected() const { return connected_; }
  // All that comes until the server ends the connection, which it says it does.
  std::string Ask(const std::string& bytes) {
    ::SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()));
    std::string came;
    std::array<char, 65536> piece;
    int got = 0;
    while ((got = ::SSL_read(tls_, piece.data(), piece.size())) > 0) came.append(piece.data(), got);
    EXPECT_EQ(::SSL_get_error(tls_, got), SSL_ERROR_ZERO_RETURN);
    return came;
  }

 private:
  RawClient client_;
  SSL_CTX* context_;
  SSL* tls_ = nullptr;
  bool connected_ = false;
};

class TlsServer : public testing::Test {
 protected:
  TlsServer() {
    WriteCertificate(folder_.Path("certificate.pem"), folder_.Path("key.pem"));
    options_.certificate_file = folder_.Path("certificate.pem");
    options_.key_file = folder_.Path("key.pem");
    options_.limits.head_seconds = 1;
  }

  const TestFolder folder_;
  HttpServerOptions options_;
};

TEST_F(TlsServer, AnswersAndSaysGoodbye) {
  ServerInThread server(options_);
  EXPECT_THAT(server.url(), StartsWith("https://127.0.0.1:"));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server.url(), version);
    ASSERT_TRUE(client.connected());
    const std::string replies = client.Ask(
        Post("/echo", "one") + Post("/echo", std::string(100'000, 'x')) + Get("/closed"));
    EXPECT_THAT(replies, AllOf(HasSubstr("\r\n\r\none"), HasSubstr(std::string(100'000, 'x')),
                               EndsWith("connection: close\r\n\r\n")));
  }
  EXPECT_TRUE(
      TlsClient(server.url(), TLS1_3_VERSION).Ask(Get("/big", "Connection: close\r\n")).size() >
      (16U << 20));
}

TEST_F(TlsServer, RefusesOldVersionsAndPlainText) {
  ServerInThread server(options_);
  EXPECT_FALSE(TlsClient(server.url(), TLS1_1_VERSION).connected());
  RawClient plain(server.url());
  plain.Send(Get("/echo"));
  EXPECT_EQ(RawClient::StatusOf(plain.Receive()), 0);
}

TEST_F(TlsServer, DoesNotWaitForAHandshakeForLong) {
  ServerInThread server(options_);
  RawClient silent(server.url());
  EXPECT_TRUE(silent.Ends(3));
}

TEST_F(TlsServer, DrainsWithoutItsSilentClients) {
  ServerInThread server(options_);
  RawClient silent(server.url());
  TlsClient idle(server.url(), TLS1_3_VERSION);
  ASSERT_TRUE(idle.connected());
  server.server().Drain(100);
  EXPECT_TRUE(server.Join());
}

}  // namespace
}  // namespace merle
