#include "base/http_client.h"

#include <curl/curl.h>
#include <curl/system.h>
#include <curl/urlapi.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <ctime>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/shared_library.h"

namespace merle {
namespace {

// The functions of libcurl that we use, found at the first use.
struct Libcurl {
  SharedLibrary library{
      "libcurl.so.4", "it is needed to fetch from the network; install libcurl (Debian: libcurl4)"};
// NOLINTBEGIN(bugprone-macro-parentheses): a part of names.
#define MERLE_CURL(name) \
  decltype(&curl_##name) name = library.Find<decltype(&curl_##name)>("curl_" #name)
  // NOLINTEND(bugprone-macro-parentheses)
  MERLE_CURL(global_init);
  MERLE_CURL(easy_init);
  MERLE_CURL(easy_cleanup);
  MERLE_CURL(easy_reset);
  MERLE_CURL(easy_setopt);
  MERLE_CURL(easy_perform);
  MERLE_CURL(easy_getinfo);
  MERLE_CURL(easy_strerror);
  MERLE_CURL(slist_append);
  MERLE_CURL(slist_free_all);
  MERLE_CURL(url);
  MERLE_CURL(url_set);
  MERLE_CURL(url_get);
  MERLE_CURL(url_cleanup);
  MERLE_CURL(free);
  MERLE_CURL(getdate);
#undef MERLE_CURL

  Libcurl() { global_init(CURL_GLOBAL_DEFAULT); }
  static const Libcurl& Get() {
    static const Libcurl kLibcurl;
    return kLibcurl;
  }
};

// Where a URL leads, for "does the secret go there?": taken apart by the library that connects.
struct Origin {
  std::string scheme, host, port;
  bool operator==(const Origin&) const = default;
};

// A URL in parts, as libcurl understands it.
class Url {
 public:
  explicit Url(const std::string& url) : parts_(curl_.url(), curl_.url_cleanup) { Go(url); }

  // Goes to `url`, which may be relative to where we are.
  void Go(const std::string& url) {
    if (curl_.url_set(parts_.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) Fail(url);
  }
  std::string Get(CURLUPart part, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_.url_get(parts_.get(), part, &text, flags) != CURLUE_OK) return {};
    std::string value = text;
    curl_.free(text);
    return value;
  }
  [[noreturn]] static void Fail(const std::string& url) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("'{}' is no http or https address", WithoutSecrets(url)));
  }

 private:
  const Libcurl& curl_ = Libcurl::Get();
  std::unique_ptr<CURLU, decltype(Libcurl::url_cleanup)> parts_;
};

Origin OriginOf(const std::string& text) {
  const Url url(text);
  Origin origin{url.Get(CURLUPART_SCHEME), url.Get(CURLUPART_HOST),
                url.Get(CURLUPART_PORT, CURLU_DEFAULT_PORT)};
  if ((origin.scheme != "http" && origin.scheme != "https") || origin.host.empty()) Url::Fail(text);
  std::ranges::transform(origin.host, origin.host.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return origin;
}

// Whether the host is this machine, which no proxy leads to.
bool IsThisMachine(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

std::string Resolve(const std::string& from, const std::string& location) {
  Url url(from);
  url.Go(location);
  return url.Get(CURLUPART_URL);
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Whether a client goes on by itself. A POST may not become a GET, nor tell its body to others.
bool Follows(const HttpRequest& request, int status, bool same_origin) {
  if (request.post) return same_origin && status >= 307;
  return request.leave_origin || same_origin;
}

bool IsNoConnection(CURLcode code) {
  constexpr std::array kCodes = {
      CURLE_COULDNT_RESOLVE_PROXY,
      CURLE_COULDNT_RESOLVE_HOST,
      CURLE_COULDNT_CONNECT,
      CURLE_SSL_CONNECT_ERROR,
      CURLE_PEER_FAILED_VERIFICATION,
      CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_CIPHER,
      CURLE_SSL_CACERT_BADFILE,
  };
  return std::ranges::find(kCodes, code) != kCodes.end();
}

// What the callbacks of one exchange share.
struct Exchange {
  HttpResponse response;
  const HttpBody& body;
  std::exception_ptr thrown;  // By the body's receiver.
};

void AddHeader(HttpResponse& response, std::string_view line) {
  if (line.starts_with("HTTP/")) {  // A new answer begins: one before was "100 Continue" or so.
    response.headers.clear();
    const std::size_t blank = line.find(' ');
    response.status = 0;
    for (std::size_t i = blank + 1; blank != line.npos && i < line.size() && i < blank + 4; ++i) {
      if (line[i] >= '0' && line[i] <= '9')
        response.status = response.status * 10 + (line[i] - '0');
    }
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return;
  std::string name(Trim(line.substr(0, colon)));
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  response.headers[name] = Trim(line.substr(colon + 1));
}

extern "C" {

// Signatures of CURLOPT_HEADERFUNCTION, CURLOPT_WRITEFUNCTION and CURLOPT_XFERINFOFUNCTION; libcurl
// is C and must not see an exception.
static std::size_t OnHeader(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  AddHeader(exchange.response, {bytes, size * count});
  return size * count;
}

static std::size_t OnBody(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (IsRedirect(exchange.response.status)) return 0;  // Ends the exchange: nobody reads that body.
  try {
    exchange.body(exchange.response, {bytes, size * count});
  } catch (...) {
    exchange.thrown = std::current_exception();
    return 0;
  }
  return size * count;
}

static int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(user)->load() ? 1 : 0;
}

}  // extern "C"

}  // namespace

struct HttpClient::Connection {
  explicit Connection(HttpOptions given) : options(std::move(given)) {
    if (handle == nullptr) throw Error(ErrorCode::kResourceExhausted, "libcurl can't be set up");
  }
  ~Connection() { curl.easy_cleanup(handle); }

  // One request and its answer, without redirects.
  HttpResponse Ask(const HttpRequest& request, const std::string& url, bool with_secret,
                   const HttpBody& body);
  void SetUp(const HttpRequest& request, const std::string& url, curl_slist* headers);
  [[noreturn]] void Fail(CURLcode code, const std::string& url);
  template <typename Value>
  void Set(CURLoption option, Value value) {
    curl.easy_setopt(handle, option, value);
  }

  const Libcurl& curl = Libcurl::Get();
  HttpOptions options;
  CURL* handle = curl.easy_init();
  std::array<char, CURL_ERROR_SIZE> problem{};
};

void HttpClient::Connection::SetUp(const HttpRequest& request, const std::string& url,
                                   curl_slist* headers) {
  curl.easy_reset(handle);  // Keeps the connections.
  problem[0] = '\0';
  Set(CURLOPT_ERRORBUFFER, problem.data());
  Set(CURLOPT_URL, url.c_str());
  Set(CURLOPT_PROTOCOLS_STR, "http,https");
  Set(CURLOPT_USERAGENT, options.user_agent.c_str());
  Set(CURLOPT_HTTPHEADER, headers);
  Set(CURLOPT_NOBODY, request.head ? 1L : 0L);
  Set(CURLOPT_NOSIGNAL, 1L);
  Set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_seconds * 1000));
  Set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  Set(CURLOPT_LOW_SPEED_TIME, std::max(1L, std::lround(options.stall_seconds)));
  Set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.most_seconds * 1000));  // 0: without limit.
  if (!options.ca_file.empty()) Set(CURLOPT_CAINFO, options.ca_file.c_str());
  if (IsThisMachine(OriginOf(url).host)) Set(CURLOPT_PROXY, "");
  if (request.post) {
    Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.post->bytes.size()));
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): its size is told above.
    Set(CURLOPT_POSTFIELDS, request.post->bytes.data());
  }
  if (request.stop != nullptr) {
    Set(CURLOPT_NOPROGRESS, 0L);
    Set(CURLOPT_XFERINFOFUNCTION, OnProgress);
    Set(CURLOPT_XFERINFODATA, request.stop);
  }
}

void HttpClient::Connection::Fail(CURLcode code, const std::string& url) {
  const std::string message =
      Format("{}: {}", WithoutSecrets(url),
             problem[0] != '\0' ? problem.data() : curl.easy_strerror(code));
  long proxy_status = 0;  // Of a proxy's answer to CONNECT; 0: there was none.
  curl.easy_getinfo(handle, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
  if (IsNoConnection(code) || proxy_status >= 400) throw NoConnectionError(message);
  throw Error(ErrorCode::kUnavailable, message);
}

HttpResponse HttpClient::Connection::Ask(const HttpRequest& request, const std::string& url,
                                         bool with_secret, const HttpBody& body) {
  // No compression: the bytes that arrive are the file's.
  curl_slist* headers = curl.slist_append(nullptr, "Accept-Encoding: identity");
  if (request.first_byte > 0) {
    // Not CURLOPT_RESUME_FROM: with it libcurl keeps an answer without the range to itself.
    headers = curl.slist_append(headers, Format("Range: bytes={}-", request.first_byte).c_str());
  }
  if (with_secret && !request.authorization.empty()) {
    headers = curl.slist_append(headers, ("Authorization: " + request.authorization).c_str());
  }
  if (request.post) {
    headers = curl.slist_append(headers, ("Content-Type: " + request.post->type).c_str());
    headers = curl.slist_append(headers, "Expect:");  // Else a large body waits a second for a 100.
  }
  const std::unique_ptr<curl_slist, decltype(curl.slist_free_all)> owner(headers,
                                                                         curl.slist_free_all);
  SetUp(request, url, headers);
  Exchange exchange{.response = {}, .body = body, .thrown = {}};
  exchange.response.url = url;
  Set(CURLOPT_HEADERFUNCTION, OnHeader);
  Set(CURLOPT_HEADERDATA, &exchange);
  Set(CURLOPT_WRITEFUNCTION, OnBody);
  Set(CURLOPT_WRITEDATA, &exchange);
  const CURLcode code = curl.easy_perform(handle);
  if (exchange.thrown) std::rethrow_exception(exchange.thrown);
  const bool left_early = code == CURLE_WRITE_ERROR && IsRedirect(exchange.response.status);
  if (code != CURLE_OK && !left_early) Fail(code, url);
  return std::move(exchange.response);
}

std::string WithoutSecrets(std::string_view url) {
  url = url.substr(0, url.find('?'));
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == url.npos ? 0 : scheme + 3;
  const std::size_t user = url.substr(0, url.find('/', host)).rfind('@');
  if (user == url.npos || user < host) return std::string(url);
  return Format("{}{}", url.substr(0, host), url.substr(user + 1));
}

HttpClient::HttpClient(const HttpOptions& options)
    : connection_(std::make_unique<Connection>(options)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

HttpResponse HttpClient::Send(const HttpRequest& request, const HttpBody& body) {
  const Origin first = OriginOf(request.url);
  std::string url = request.url;
  for (int redirects = 0;; ++redirects) {
    const Origin origin = OriginOf(url);
    HttpResponse response = connection_->Ask(request, url, origin == first, body);
    const auto location = response.Header("location");
    if (!IsRedirect(response.status) || !location) return response;
    const std::string target = Resolve(url, std::string(*location));
    const Origin next = OriginOf(target);
    if (!Follows(request, response.status, next == first)) return response;
    if (redirects == kMostRedirects) {
      throw Error(ErrorCode::kUnavailable, Format("{}: more than {} redirects",
                                                  WithoutSecrets(request.url), kMostRedirects));
    }
    if (origin.scheme == "https" && next.scheme != "https") {
      throw Error(ErrorCode::kUnavailable,
                  Format("{}: is redirected from https to {}", WithoutSecrets(request.url),
                         WithoutSecrets(target)));
    }
    url = target;
  }
}

HttpReply HttpClient::Ask(const HttpRequest& request, std::size_t most_bytes) {
  std::string text;
  HttpResponse response = Send(request, [&](const HttpResponse& answer, std::string_view bytes) {
    if (bytes.size() > most_bytes - text.size()) {
      throw Error(ErrorCode::kDataLoss,
                  Format("{}: the answer (status {}) is larger than {} bytes",
                         WithoutSecrets(answer.url), answer.status, most_bytes));
    }
    text += bytes;
  });
  return {.response = std::move(response), .body = std::move(text)};
}

std::optional<std::string_view> HttpResponse::Header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

std::optional<double> HttpResponse::RetryAfter() const {
  const std::string value(Header("retry-after").value_or(""));
  double seconds = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, seconds, std::chars_format::fixed);
  if (error == std::errc{} && stop == end && std::isfinite(seconds) && seconds >= 0) return seconds;
  const auto seconds_of = [](std::string_view date) {
    return Libcurl::Get().getdate(std::string(date).c_str(), nullptr);  // -1: it is none.
  };
  const std::time_t then = seconds_of(value);
  if (then < 0) return std::nullopt;
  const std::time_t here = seconds_of(Header("date").value_or(""));
  return std::max(0.0, std::difftime(then, here < 0 ? std::time(nullptr) : here));
}

}  // namespace merle
