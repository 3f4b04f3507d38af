#include "server/request_head.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/none.hpp>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "base/format.h"
#include "server/http_head.h"
#include "server/message.h"
#include "server/request_ids.h"
#include "server/target.h"

namespace merle {
namespace {

namespace http = boost::beast::http;

using Values = std::vector<std::string_view>;

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lower;
}

Values AllOf(const Request& request, std::string_view name) {
  Values values;
  for (const auto& [key, value] : request.headers) {
    if (key == name) values.push_back(value);
  }
  return values;
}

// The characters of a host and a port (RFC 3986, section 3.2); names with others are of no use
// here.
bool IsHost(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~:[]").find(c) != std::string_view::npos;
  });
}

std::optional<HeadProblem> CheckHost(const Request& request, bool required) {
  const Values hosts = AllOf(request, "host");
  if (hosts.empty() && required) return HeadProblem{400, "The header Host is missing."};
  if (hosts.size() > 1) return HeadProblem{400, "There is more than one header Host."};
  if (!hosts.empty() && !IsHost(hosts[0])) return HeadProblem{400, "The header Host is no name."};
  return std::nullopt;
}

// Nothing if it is not one decimal number.
std::optional<std::size_t> Length(const Values& values) {
  if (values.size() != 1 || values[0].empty()) return std::nullopt;
  std::size_t length = 0;
  const auto [end, error] =
      std::from_chars(values[0].data(), values[0].data() + values[0].size(), length);
  if (end != values[0].data() + values[0].size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<std::size_t>::max();
  return error == std::errc() ? std::optional(length) : std::nullopt;
}

// RFC 9112, section 6.3, without its leniency.
std::optional<HeadProblem> ReadFraming(Head& head, bool http_1_1) {
  const Values lengths = AllOf(head.request, "content-length");
  const Values codings = AllOf(head.request, "transfer-encoding");
  if (!codings.empty()) {
    if (!lengths.empty()) {
      return HeadProblem{400, "There is a Content-Length beside Transfer-Encoding."};
    }
    if (!http_1_1) return HeadProblem{400, "HTTP/1.0 has no Transfer-Encoding."};
    if (codings.size() > 1) return HeadProblem{400, "There is more than one Transfer-Encoding."};
    if (codings[0] != "chunked") return HeadProblem{501, "Transfer-Encoding must be `chunked`."};
    head.chunked = true;
  } else if (!lengths.empty()) {
    const std::optional<std::size_t> length = Length(lengths);
    if (!length) return HeadProblem{400, "Content-Length is not one decimal number."};
    head.length = *length;
  }
  return std::nullopt;
}

// Whether a header that is a list of words, in any case, has that one.
bool HasWord(const Values& values, std::string_view word) {
  for (std::string_view rest : values) {
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      std::string_view one = rest.substr(0, comma);
      one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
      if (LowerCase(one.substr(0, one.find_last_not_of(" \t") + 1)) == word) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

std::optional<HeadProblem> ReadExpect(Head& head, bool http_1_1) {
  if (!http_1_1) return std::nullopt;  // It is to be ignored there.
  for (const std::string_view value : AllOf(head.request, "expect")) {
    if (LowerCase(value) != "100-continue") return HeadProblem{417, "Expect is not 100-continue."};
    head.expects_continue = head.chunked || head.length > 0;
  }
  return std::nullopt;
}

void ReadIds(Request& request) {
  const Values ids = AllOf(request, "x-request-id");
  request.id = ids.size() == 1 && IsRequestId(ids[0]) ? std::string(ids[0]) : NewRequestId();
  const Values traces = AllOf(request, "traceparent");
  if (traces.size() == 1) request.trace_id = TraceId(traces[0]);
}

// Beast reads what is left of the lines now: fields with values trimmed.
std::optional<HeadProblem> ReadFields(std::string_view bytes, Head& head, bool& http_1_1) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(bytes.size() + 1));
  parser.body_limit(boost::none);
  boost::beast::error_code error;
  parser.put(boost::asio::buffer(bytes), error);
  if (error || !parser.is_header_done()) {
    return HeadProblem{400, Format("The head is malformed: {}.", error.message())};
  }
  std::optional<Target> target = ParseTarget(parser.get().target());
  if (!target) {
    return HeadProblem{400, "The target is not a path and a query with well-formed escapes."};
  }
  head.request.method = parser.get().method_string();
  head.request.path = std::move(target->path);
  head.request.query = std::move(target->query);
  for (const auto& field : parser.get()) {
    head.request.headers.emplace_back(LowerCase(field.name_string()), field.value());
  }
  http_1_1 = parser.get().version() == 11;
  return std::nullopt;
}

}  // namespace

std::variant<Head, HeadProblem> ParseHead(std::string_view bytes) {
  Head head;
  bool http_1_1 = false;
  std::optional<HeadProblem> problem = ReadFields(bytes, head, http_1_1);
  if (!problem) problem = CheckHost(head.request, http_1_1);
  if (!problem) problem = ReadFraming(head, http_1_1);
  if (!problem) problem = ReadExpect(head, http_1_1);
  if (problem) return *std::move(problem);
  head.keep_alive = http_1_1 && !HasWord(AllOf(head.request, "connection"), "close");
  ReadIds(head.request);
  return head;
}

}  // namespace merle
