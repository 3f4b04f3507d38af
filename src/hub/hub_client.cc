#include "hub/hub_client.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/error.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/http_client.h"
#include "base/json_reader.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/stopwatch.h"
#include "hub/hub_options.h"
#include "hub/model_name.h"
#include "hub/retry.h"

namespace merle {
namespace {

constexpr std::size_t kMaxListingBytes = 32u << 20;
constexpr std::size_t kMaxErrorBytes = 64u << 10;
// For an answer that is no file: of all tries together, and of one.
constexpr double kMostSeconds = 120;
constexpr double kMostSecondsOfTry = 30;

std::string UrlEncode(std::string_view text, std::string_view keep = "") {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || std::string_view("-._~").find(c) != text.npos ||
        keep.find(c) != keep.npos) {
      out.push_back(c);
    } else {
      AppendFormat(out, "%{:02X}", byte);
    }
  }
  return out;
}

std::optional<std::uint64_t> ParseNumber(std::optional<std::string_view> text) {
  std::uint64_t number = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return number;
}

// The scheme and host of an address: what follows may be a signature.
std::string HostOf(std::string_view url) {
  const std::string address = WithoutSecrets(url);
  return address.substr(0, address.find('/', address.find("://") + 3));
}

// Who answered, for messages.
std::string ServerOf(const HttpResponse& response, const HubOptions& options) {
  const std::string host = HostOf(response.url);
  return host == HostOf(options.endpoint) ? options.endpoint
                                          : "the storage of the hub, " + host + ",";
}

// What a refusal means and what to do about it. X-Error-Code is the hub's own word for it.
[[noreturn]] void Refuse(const HttpResponse& response, const std::string& what,
                         const HubOptions& options) {
  if (HostOf(response.url) != HostOf(options.endpoint)) {
    throw Error(ErrorCode::kUnavailable,
                Format("{}: {} refuses it with status {}; a proxy or firewall on the way may be to "
                       "blame, else try again later",
                       what, ServerOf(response, options), response.status));
  }
  const std::string code(response.Header("x-error-code").value_or(""));
  const std::string again = options.token.empty() ? "set HF_TOKEN to a token that may read it"
                                                  : "the token may not read it";
  if (code == "GatedRepo") {
    throw Error(ErrorCode::kNotFound, Format("{} is gated: accept its terms at {}, and {}", what,
                                             options.endpoint, again));
  }
  if (code == "RevisionNotFound") {
    throw Error(ErrorCode::kNotFound,
                Format("{} does not exist: no such branch, tag or commit", what));
  }
  if (code == "EntryNotFound") {
    throw Error(ErrorCode::kNotFound, Format("{} does not exist in the model", what));
  }
  if (response.status == 401 || response.status == 403 || code == "RepoNotFound") {
    throw Error(ErrorCode::kNotFound,
                Format("{} is not on {}, or is private: check the name, or {}", what,
                       options.endpoint, again));
  }
  if (response.status == 404) {
    throw Error(ErrorCode::kNotFound, Format("{} is not on {}", what, options.endpoint));
  }
  throw Error(ErrorCode::kUnavailable,
              Format("{}: {} answered with status {}", what, options.endpoint, response.status));
}

void CheckStatus(const HttpResponse& response, const std::string& what, const HubOptions& options) {
  if (response.status >= 200 && response.status < 300) return;
  if (response.status == 407) {
    throw Error(ErrorCode::kUnavailable,
                Format("{}: the proxy on the way to {} wants a user and a password (status 407); "
                       "give them in http_proxy or https_proxy",
                       what, HostOf(response.url)));
  }
  if (response.status == 408 || response.status == 429 || response.status >= 500) {
    throw TransientError(
        Format("{}: {} {} (status {}); try again later", what, ServerOf(response, options),
               response.status == 429 ? "gets too many requests from here" : "has a fault",
               response.status),
        response.RetryAfter().value_or(0));
  }
  Refuse(response, what, options);
}

// Where the body of an answer starts in the file: at `wanted`, or at 0 where the server sends all.
std::uint64_t FirstByteOf(const HttpResponse& answer, std::uint64_t wanted,
                          const std::string& what) {
  if (answer.status != 206) return 0;
  // "bytes 100-199/200", RFC 9110 section 14.4.
  if (!answer.Header("content-range").value_or("").starts_with(Format("bytes {}-", wanted))) {
    throw Error(ErrorCode::kDataLoss,
                Format("{}: the server sends another part than it was asked for", what));
  }
  return wanted;
}

// An ETag as a blob's name: without W/ and quotes, letters and digits only.
std::string CheckedEtag(std::optional<std::string_view> header, const std::string& what) {
  std::string_view etag = header.value_or("");
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  constexpr std::size_t kMaxEtagBytes = 128;
  if (etag.empty() || etag.size() > kMaxEtagBytes ||
      !std::ranges::all_of(
          etag, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; })) {
    throw Error(ErrorCode::kDataLoss, Format("{}: the server gives it no usable ETag", what));
  }
  return std::string(etag);
}

}  // namespace

HubClient::HubClient(const HubOptions& options)
    : options_(options),
      http_({.connect_seconds = options.connect_seconds,
             .stall_seconds = options.stall_seconds,
             .ca_file = options.ca_file,
             .user_agent = "merle"}) {}

HttpResponse HubClient::Ask(const HttpRequest& request, const std::string& what,
                            const HttpBody& body) {
  HttpRequest with_token = request;
  if (!options_.token.empty()) with_token.authorization = "Bearer " + options_.token;
  std::size_t error_bytes = 0;
  HttpResponse response;
  try {
    response = http_.Send(with_token, [&](const HttpResponse& answer, std::string_view bytes) {
      if (answer.status < 300) {
        body(answer, bytes);
        return;
      }
      error_bytes += bytes.size();
      if (error_bytes > kMaxErrorBytes) CheckStatus(answer, what, options_);  // It has no end.
    });
  } catch (const TransientError&) {
    throw;
  } catch (const NoConnectionError& error) {
    if (!reached_) {  // No network; later it may be gone for a moment only.
      throw NoConnectionError(
          Format("{} can't be fetched: {}; check the network and https_proxy, or name a "
                 "mirror of the hub in HF_ENDPOINT",
                 what, error.what()));
    }
    throw TransientError(error.what(), 0);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kUnavailable) throw TransientError(error.what(), 0);
    throw;
  }
  reached_ = true;
  Log(LogLevel::kDebug,
      Format("{} {}: {}", request.head ? "HEAD" : "GET", request.url, response.status));
  return response;
}

std::string HubClient::AskForText(const HttpRequest& request, const std::string& what,
                                  std::size_t max_bytes) {
  std::string text;
  HttpRequest limited = request;
  const Stopwatch watch;
  WithRetries(
      [&] {
        text.clear();
        limited.most_seconds = SecondsOfTry(watch.Seconds());
        const HttpResponse response =
            Ask(limited, what, [&](const HttpResponse&, std::string_view bytes) {
              if (text.size() + bytes.size() > max_bytes) {
                throw Error(ErrorCode::kDataLoss,
                            Format("{}: the answer is larger than {} bytes", what, max_bytes));
              }
              text += bytes;
            });
        CheckStatus(response, what, options_);
      },
      [] { return false; }, kMostSeconds);
  return text;
}

double HubClient::SecondsOfTry(double seconds_so_far) const {
  return std::min(std::max(kMostSecondsOfTry, options_.connect_seconds + options_.stall_seconds),
                  std::max(1.0, kMostSeconds - seconds_so_far));
}

HttpRequest HubClient::FileRequest(const ModelName& name, const std::string& commit,
                                   const std::string& file) const {
  return {.url = Format("{}/{}/resolve/{}/{}", options_.endpoint, name.repository, commit,
                        UrlEncode(file, "/"))};
}

Listing HubClient::List(const ModelName& name) {
  const std::string what =
      name.revision == "main" ? name.repository : name.repository + "@" + name.revision;
  const std::string text =
      AskForText({.url = Format("{}/api/models/{}/revision/{}", options_.endpoint, name.repository,
                                UrlEncode(name.revision))},
                 what, kMaxListingBytes);
  const JsonDocument document = JsonDocument::Parse(text, Format("{}: the list of its files", what),
                                                    {.max_bytes = kMaxListingBytes});
  Listing listing;
  const JsonValue sha = document.root().At("sha");
  listing.commit = sha.AsString();
  if (!IsCommit(listing.commit)) sha.Fail("is no commit");
  if (IsCommit(name.revision) && listing.commit != name.revision) {
    sha.Fail(Format("is {}, another commit than was asked for", listing.commit));
  }
  document.root().At("siblings").ForEachElement([&](JsonValue file) {
    const std::string_view file_name = file.At("rfilename").AsString();
    if (const auto problem = ProblemOfName(file_name)) {
      Log(LogLevel::kWarning,
          Format("{}: leaves out a file whose name {}: {}", what, *problem, Quoted(file_name)));
    } else {
      listing.names.emplace_back(file_name);
    }
  });
  return listing;
}

FileFacts HubClient::Describe(const ModelName& name, const std::string& commit,
                              const std::string& file) {
  const std::string what = Format("{}/{}", name.repository, file);
  HttpRequest request = FileRequest(name, commit, file);
  request.head = true;
  request.leave_origin = false;  // The facts stand in the hub's own answer, not in its storage's.
  HttpResponse response;
  const Stopwatch watch;
  WithRetries(
      [&] {
        request.most_seconds = SecondsOfTry(watch.Seconds());
        response = Ask(request, what, [](const HttpResponse&, std::string_view) {});
        if (response.status < 300 || response.status >= 400) CheckStatus(response, what, options_);
      },
      [] { return false; }, kMostSeconds);
  if (response.Header("x-repo-commit").value_or(commit) != commit) {
    throw Error(ErrorCode::kUnavailable,
                Format("{}: the server answers with another commit; try again", what));
  }
  const auto linked_etag = response.Header("x-linked-etag");
  const auto linked_size = response.Header("x-linked-size");
  const auto size = ParseNumber(linked_size ? linked_size : response.Header("content-length"));
  if (!size)
    throw Error(ErrorCode::kDataLoss, Format("{}: the server doesn't tell its size", what));
  return {CheckedEtag(linked_etag ? linked_etag : response.Header("etag"), what), *size};
}

std::string HubClient::ReadSmall(const ModelName& name, const std::string& commit,
                                 const std::string& file, std::size_t max_bytes) {
  return AskForText(FileRequest(name, commit, file), Format("{}/{}", name.repository, file),
                    max_bytes);
}

void HubClient::Read(const ModelName& name, const std::string& commit, const std::string& file,
                     std::uint64_t first_byte, const FileBody& body) {
  const std::string what = Format("{}/{}", name.repository, file);
  HttpRequest request = FileRequest(name, commit, file);
  request.first_byte = first_byte;
  std::optional<std::uint64_t> offset;
  const HttpResponse response =
      Ask(request, what, [&](const HttpResponse& answer, std::string_view bytes) {
        if (!offset) offset = FirstByteOf(answer, first_byte, what);
        body(*offset, bytes);
        *offset += bytes.size();
      });
  CheckStatus(response, what, options_);
}

}  // namespace merle
