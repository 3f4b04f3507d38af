#include "server/http_head.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http_server.h"

namespace merle {
namespace {

std::string Text(std::size_t count, char c = 'a') { return std::string(count, c); }

struct Case {
  const char* name;
  std::string head;
  int status;  // 0: good and whole. -1: good so far.
};

const HttpLimits kLimits = {.line_bytes = 100, .head_bytes = 1000, .headers = 10};

// The status of the first problem, the bytes coming `step` at a time.
int Judge(const std::string& head, std::size_t step) {
  HeadScanner scanner(kLimits);
  for (std::size_t size = 0; size < head.size();) {
    size = std::min(size + step, head.size());
    if (const auto problem = scanner.Scan(std::string_view(head).substr(0, size))) {
      EXPECT_FALSE(problem->message.empty());
      return problem->status;
    }
  }
  return scanner.end() ? 0 : -1;
}

class HeadScannerJudges : public testing::TestWithParam<Case> {};

TEST_P(HeadScannerJudges, TheSameInPiecesOfAnySize) {
  for (const std::size_t step :
       {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{4096}}) {
    EXPECT_EQ(Judge(GetParam().head, step), GetParam().status) << step;
  }
}

std::string Lines(const std::string& request_line, const std::string& headers) {
  return request_line + "\r\n" + headers + "\r\n";
}
std::string Header(const std::string& header) { return Lines("GET / HTTP/1.1", header + "\r\n"); }

std::string ManyHeaders(int count) {
  std::string headers;
  for (int i = 0; i < count; ++i) headers += "A: b\r\n";
  return Lines("GET / HTTP/1.1", headers);
}

INSTANTIATE_TEST_SUITE_P(Heads, HeadScannerJudges,
                         testing::ValuesIn(std::vector<Case>{
                             {"Good", Header("Host: a"), 0},
                             {"NoHeaders", Lines("GET / HTTP/1.0", ""), 0},
                             {"TabInAValue", Header("A: b\tc"), 0},
                             {"Utf8InAValue", Header("A: \xC3\xA4"), 0},
                             {"EmptyValue", Header("A:"), 0},
                             {"Incomplete", "GET / HTTP/1.1\r\nHost: a\r\n", -1},
                             {"EndsInsideALineEnd", "GET / HTTP/1.1\r", -1},
                             {"BareLineFeed", "GET / HTTP/1.1\nHost: a\n\n", 400},
                             {"BareLineFeedAtTheEndOnly", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
                             {"BareReturnInAValue", Header("A: b\rc"), 400},
                             {"TwoReturns", "GET / HTTP/1.1\r\r\n", 400},
                             {"NulInAValue", Header(std::string("A: b\0c", 6)), 400},
                             {"NulInAName", Header(std::string("A\0: b", 5)), 400},
                             {"EscapeInAValue", Header("A: \x1b[2J"), 400},
                             {"DelInAValue", Header("A: \x7f"), 400},
                             {"FoldedHeader", Header("A: b\r\n c"), 400},
                             {"FoldedByTab", Header("A: b\r\n\tc"), 400},
                             {"BlankBeforeTheFirstHeader", Header(" Host: a"), 400},
                             {"BlankBeforeColon", Header("Host : a"), 400},
                             {"BlankInAName", Header("Ho st: a"), 400},
                             {"EmptyName", Header(": a"), 400},
                             {"NoColon", Header("Host"), 400},
                             {"BracketsInAName", Header("A(b): c"), 400},
                             {"Utf8InAName", Header("\xC3\xA4: c"), 400},
                             {"EmptyLineFirst", "\r\nGET / HTTP/1.1\r\n\r\n", 400},
                             {"NoMethod", Lines(" / HTTP/1.1", ""), 400},
                             {"OddMethod", Lines("GE(T / HTTP/1.1", ""), 400},
                             {"NoTarget", Lines("GET", ""), 400},
                             {"EmptyTarget", Lines("GET  HTTP/1.1", ""), 400},
                             {"TwoBlanks", Lines("GET  / HTTP/1.1", ""), 400},
                             {"FourParts", Lines("GET / / HTTP/1.1", ""), 400},
                             {"TabInsteadOfBlank", Lines("GET\t/\tHTTP/1.1", ""), 400},
                             {"BlankAtTheEnd", Lines("GET / HTTP/1.1 ", ""), 400},
                             {"Http09", Lines("GET /", ""), 505},
                             {"Http2", Lines("GET / HTTP/2.0", ""), 505},
                             {"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
                             {"Http12", Lines("GET / HTTP/1.2", ""), 505},
                             {"Http09WithVersion", Lines("GET / HTTP/0.9", ""), 505},
                             {"LowerCaseVersion", Lines("GET / http/1.1", ""), 400},
                             {"LongVersion", Lines("GET / HTTP/1.10", ""), 400},
                             {"NoSlashInTheVersion", Lines("GET / HTTP1.1", ""), 400},
                             {"OtherProtocol", Lines("GET / FTP/1.1", ""), 400},
                             {"TlsHandshake", std::string("\x16\x03\x01\x02\x00\x01", 6), 400},
                             {"LongestRequestLine", Lines("GET /" + Text(86) + " HTTP/1.1", ""), 0},
                             {"TooLongRequestLine", Lines("GET /" + Text(87) + " HTTP/1.1", ""),
                              414},
                             {"EndlessRequestLine", Text(101), 414},
                             {"LongestHeader", Header("A:" + Text(98)), 0},
                             {"TooLongHeader", Header("A:" + Text(99)), 431},
                             {"EndlessHeader", "GET / HTTP/1.1\r\nA:" + Text(99), 431},
                             {"MostHeaders", ManyHeaders(10), 0},
                             {"TooManyHeaders", ManyHeaders(11), 431},
                             {"LongestHead",
                              Lines("GET / HTTP/1.1",
                                    [] {
                                      std::string headers;
                                      for (int i = 0; i < 9; ++i)
                                        headers += "A:" + Text(98) + "\r\n";
                                      return headers + "B:" + Text(60) + "\r\n";
                                    }()),
                              0},
                             {"TooLongHead",
                              Lines("GET / HTTP/1.1",
                                    [] {
                                      std::string headers;
                                      for (int i = 0; i < 9; ++i)
                                        headers += "A:" + Text(98) + "\r\n";
                                      return headers + "B:" + Text(61) + "\r\n";
                                    }()),
                              431},
                         }),
                         [](const auto& test) { return test.param.name; });

TEST(HeadScanner, EndsBehindTheEmptyLine) {
  HeadScanner scanner(kLimits);
  EXPECT_EQ(scanner.Scan("GET / HTTP/1.1\r\n\r\nGET \x01"), std::nullopt);
  EXPECT_EQ(scanner.end(), 18U);
}

}  // namespace
}  // namespace merle
