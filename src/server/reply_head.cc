#include "server/reply_head.h"

#include <array>
#include <boost/beast/http/status.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/format.h"
#include "base/quote.h"
#include "server/message.h"

namespace merle {
namespace {

std::string_view Reason(int status) {
  if (status == 499) return "Client Closed Request";
  return boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
}

void AppendHeader(std::string& head, std::string_view name, std::string_view value) {
  MERLE_ASSERT(!name.empty() && name.find_first_of(" :\r\n") == std::string_view::npos);
  AppendFormat(head, "{}: {}\r\n", name, Escaped(value));
}

}  // namespace

std::string ReplyHead(const Reply& reply, std::string_view id, bool keep_alive) {
  std::string head = Format("HTTP/1.1 {} {}\r\n", reply.status, Reason(reply.status));
  if (HasBody(reply.status)) {
    AppendFormat(head, "content-length: {}\r\n", reply.body.size());
    if (!reply.body.empty()) AppendHeader(head, "content-type", reply.content_type);
  }
  AppendHeader(head, "date", HttpDate(std::chrono::system_clock::now()));
  if (!id.empty()) AppendHeader(head, "x-request-id", id);
  for (const auto& [name, value] : reply.headers) AppendHeader(head, name, value);
  AppendHeader(head, "connection", keep_alive ? "keep-alive" : "close");
  return head + "\r\n";
}

bool HasBody(int status) { return status >= 200 && status != 204 && status != 304; }

std::string HttpDate(std::chrono::system_clock::time_point time) {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return Format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                kDays[std::chrono::weekday(day).c_encoding()], unsigned(date.day()),
                kMonths[unsigned(date.month()) - 1], int(date.year()), clock.hours().count(),
                clock.minutes().count(), clock.seconds().count());
}

}  // namespace merle
