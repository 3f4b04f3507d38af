#include "base/checksum.h"

#include <openssl/evp.h>
#include <openssl/types.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/format.h"
#include "base/shared_library.h"

namespace merle {
namespace {

// The functions of libcrypto that we use, found at the first use.
struct Libcrypto {
  SharedLibrary library{"libcrypto.so.3",
                        "downloads are checked with it; install OpenSSL 3 (Debian: libssl3)"};
  decltype(&EVP_MD_CTX_new) context_new = library.Find<decltype(&EVP_MD_CTX_new)>("EVP_MD_CTX_new");
  decltype(&EVP_MD_CTX_free) context_free =
      library.Find<decltype(&EVP_MD_CTX_free)>("EVP_MD_CTX_free");
  decltype(&EVP_sha256) sha256 = library.Find<decltype(&EVP_sha256)>("EVP_sha256");
  decltype(&EVP_sha1) sha1 = library.Find<decltype(&EVP_sha1)>("EVP_sha1");
  decltype(&EVP_DigestInit_ex) init =
      library.Find<decltype(&EVP_DigestInit_ex)>("EVP_DigestInit_ex");
  decltype(&EVP_DigestUpdate) update =
      library.Find<decltype(&EVP_DigestUpdate)>("EVP_DigestUpdate");
  decltype(&EVP_DigestFinal_ex) final =
      library.Find<decltype(&EVP_DigestFinal_ex)>("EVP_DigestFinal_ex");

  static const Libcrypto& Get() {
    static const Libcrypto kLibcrypto;
    return kLibcrypto;
  }
};

// What libcrypto says is not a matter of our own: the machine's settings can forbid a digest.
void Check(bool done) {
  if (done) return;
  throw Error(ErrorCode::kUnimplemented,
              "OpenSSL makes no checksum on this machine; its settings (OPENSSL_CONF, "
              "default_properties) may forbid SHA-256 or SHA-1, which downloads are checked with");
}

}  // namespace

struct Checksum::Context {
  EVP_MD_CTX* digest = Libcrypto::Get().context_new();
  ~Context() { Libcrypto::Get().context_free(digest); }
};

Checksum::Checksum(ChecksumKind kind) : context_(std::make_unique<Context>()) {
  const Libcrypto& crypto = Libcrypto::Get();
  const EVP_MD* type = kind == ChecksumKind::kSha256 ? crypto.sha256() : crypto.sha1();
  Check(context_->digest != nullptr && crypto.init(context_->digest, type, nullptr) == 1);
}

Checksum::Checksum(Checksum&&) noexcept = default;
Checksum& Checksum::operator=(Checksum&&) noexcept = default;
Checksum::~Checksum() = default;

void Checksum::Add(std::string_view bytes) {
  Check(Libcrypto::Get().update(context_->digest, bytes.data(), bytes.size()) == 1);
}

std::string Checksum::Finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  Check(Libcrypto::Get().final(context_->digest, digest.data(), &size) == 1);
  std::string text;
  for (unsigned i = 0; i < size; ++i) AppendFormat(text, "{:02x}", digest[i]);
  return text;
}

}  // namespace merle
