#include "server/request_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/http_head.h"
#include "server/http_server.h"

namespace merle {
namespace {

using testing::Pair;

std::string Bytes(const std::string& request_line, const std::string& headers) {
  return request_line + "\r\n" + headers + "\r\n";
}

struct Refused {
  const char* name;
  std::string line, headers;
  int status;
};

class ParseHeadRefuses : public testing::TestWithParam<Refused> {};

TEST_P(ParseHeadRefuses, WithTheStatus) {
  const std::string bytes = Bytes(GetParam().line, GetParam().headers);
  HeadScanner scanner(HttpLimits{});
  ASSERT_EQ(scanner.Scan(bytes), std::nullopt);  // Else the row tests nothing here.
  const auto parsed = ParseHead(bytes);
  ASSERT_TRUE(std::holds_alternative<HeadProblem>(parsed));
  EXPECT_EQ(std::get<HeadProblem>(parsed).status, GetParam().status)
      << std::get<HeadProblem>(parsed).message;
}

const std::string kPost = "POST / HTTP/1.1";
const std::string kHost = "Host: a\r\n";

INSTANTIATE_TEST_SUITE_P(
    Heads, ParseHeadRefuses,
    testing::ValuesIn(std::vector<Refused>{
        {"NoHost", "GET / HTTP/1.1", "", 400},
        {"TwoHosts", "GET / HTTP/1.1", "Host: a\r\nHost: a\r\n", 400},
        {"TwoHostsIn10", "GET / HTTP/1.0", "Host: a\r\nHost: a\r\n", 400},
        {"EmptyHost", "GET / HTTP/1.1", "Host:\r\n", 400},
        {"HostList", "GET / HTTP/1.1", "Host: a, b\r\n", 400},
        {"HostWithPath", "GET / HTTP/1.1", "Host: a/b\r\n", 400},
        {"HostWithUser", "GET / HTTP/1.1", "Host: a@b\r\n", 400},
        {"AbsoluteForm", "GET http://a/ HTTP/1.1", kHost, 400},
        {"AuthorityForm", "CONNECT a:80 HTTP/1.1", kHost, 400},
        {"AsteriskForm", "OPTIONS * HTTP/1.1", kHost, 400},
        {"TwoLengths", kPost, kHost + "Content-Length: 5\r\nContent-Length: 6\r\n", 400},
        {"TwoEqualLengths", kPost, kHost + "Content-Length: 5\r\nContent-Length: 5\r\n", 400},
        {"LengthList", kPost, kHost + "Content-Length: 5, 5\r\n", 400},
        {"LengthWithPlus", kPost, kHost + "Content-Length: +5\r\n", 400},
        {"NegativeLength", kPost, kHost + "Content-Length: -5\r\n", 400},
        {"HexadecimalLength", kPost, kHost + "Content-Length: 0x5\r\n", 400},
        {"LengthWithBlank", kPost, kHost + "Content-Length: 5 5\r\n", 400},
        {"LengthWithPoint", kPost, kHost + "Content-Length: 5.0\r\n", 400},
        {"EmptyLength", kPost, kHost + "Content-Length:\r\n", 400},
        {"HugeLength", kPost, kHost + "Content-Length: 99999999999999999999\r\n", 400},
        {"LengthThenChunked", kPost, kHost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
         400},
        {"ChunkedThenLength", kPost, kHost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
         400},
        {"ChunkedTwice", kPost,
         kHost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
        {"ChunkedIn10", "POST / HTTP/1.0", kHost + "Transfer-Encoding: chunked\r\n", 400},
        {"Gzip", kPost, kHost + "Transfer-Encoding: gzip\r\n", 501},
        {"GzipChunked", kPost, kHost + "Transfer-Encoding: gzip, chunked\r\n", 501},
        {"ChunkedChunked", kPost, kHost + "Transfer-Encoding: chunked, chunked\r\n", 501},
        {"ChunkedIdentity", kPost, kHost + "Transfer-Encoding: chunked, identity\r\n", 501},
        {"Identity", kPost, kHost + "Transfer-Encoding: identity\r\n", 501},
        {"XChunked", kPost, kHost + "Transfer-Encoding: xchunked\r\n", 501},
        {"UpperCaseChunked", kPost, kHost + "Transfer-Encoding: CHUNKED\r\n", 501},
        {"EmptyCoding", kPost, kHost + "Transfer-Encoding:\r\n", 501},
        {"OtherExpectation", kPost, kHost + "Expect: 200-ok\r\n", 417},
    }),
    [](const auto& test) { return test.param.name; });

Head Parsed(const std::string& line, const std::string& headers) {
  return std::get<Head>(ParseHead(Bytes(line, headers)));
}

TEST(ParseHead, GivesTheRequest) {
  const Head head = Parsed("POST /a%20b?c=%64 HTTP/1.1",
                           "Host: localhost:80\r\nX-Thing:  a b \r\nContent-Length: 12\r\n");
  EXPECT_EQ(head.request.method, "POST");
  EXPECT_EQ(head.request.path, "/a b");
  EXPECT_EQ(head.request.query, "c=%64");
  EXPECT_THAT(head.request.headers,
              testing::ElementsAre(Pair("host", "localhost:80"), Pair("x-thing", "a b"),
                                   Pair("content-length", "12")));
  EXPECT_EQ(head.length, 12U);
  EXPECT_FALSE(head.chunked);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.request.id.size(), 32U);
  EXPECT_EQ(head.request.trace_id, "");
}

TEST(ParseHead, KeepsTheConnectionUnlessTheClientSaysClose) {
  const struct {
    const char *line, *header;
    bool keeps;
  } cases[] = {
      {"GET / HTTP/1.1", "", true},
      {"GET / HTTP/1.1", "Connection: keep-alive\r\n", true},
      {"GET / HTTP/1.1", "Connection: Close\r\n", false},
      {"GET / HTTP/1.1", "Connection: upgrade , close\r\n", false},
      {"GET / HTTP/1.1", "Connection: closed\r\n", true},
      {"GET / HTTP/1.0", "", false},
      {"GET / HTTP/1.0", "Connection: keep-alive\r\n", false},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(Parsed(test.line, kHost + test.header).keep_alive, test.keeps) << test.header;
  }
}

TEST(ParseHead, TellsWhetherTheClientWaitsToContinue) {
  const std::string expect = kHost + "Expect: 100-Continue\r\n";
  EXPECT_TRUE(Parsed(kPost, expect + "Content-Length: 1\r\n").expects_continue);
  EXPECT_TRUE(Parsed(kPost, expect + "Transfer-Encoding: chunked\r\n").expects_continue);
  EXPECT_FALSE(Parsed(kPost, expect).expects_continue);
  EXPECT_FALSE(Parsed("POST / HTTP/1.0", expect + "Content-Length: 1\r\n").expects_continue);
}

TEST(ParseHead, TakesTheClientsIdOnlyWhereItIsHarmless) {
  EXPECT_EQ(Parsed(kPost, kHost + "X-Request-Id: a-1_b.C\r\n").request.id, "a-1_b.C");
  for (const std::string& id :
       std::initializer_list<std::string>{"a b", "%0d%0a", "", std::string(65, 'a')}) {
    std::string fields = kHost;
    fields.append("X-Request-Id: ").append(id).append("\r\n");
    EXPECT_EQ(Parsed(kPost, fields).request.id.size(), 32U) << id;
  }
  EXPECT_NE(Parsed(kPost, kHost).request.id, Parsed(kPost, kHost).request.id);
}

TEST(ParseHead, ReadsALengthOfManyDigits) {
  EXPECT_EQ(Parsed(kPost, kHost + "Content-Length: 0000000000000000000000005\r\n").length, 5U);
  EXPECT_EQ(Parsed(kPost, kHost + "Content-Length: 18446744073709551614\r\n").length,
            UINT64_MAX - 1);
}

}  // namespace
}  // namespace merle
