#include "server/reply_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "server/message.h"

namespace merle {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(ReplyHead, HasTheUsualHeaders) {
  const std::string head = ReplyHead({.status = 200, .body = "{}", .headers = {}}, "id-1", true);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"
                               "content-type: application/json\r\ndate: "));
  EXPECT_THAT(head, EndsWith(" GMT\r\nx-request-id: id-1\r\nconnection: keep-alive\r\n\r\n"));
}

TEST(ReplyHead, SaysWhenTheConnectionEnds) {
  EXPECT_THAT(ReplyHead({}, "", false), EndsWith("connection: close\r\n\r\n"));
}

TEST(ReplyHead, HasNoLengthWhereThereMayBeNoBody) {
  const std::string head = ReplyHead({.status = 204, .body = {}, .headers = {}}, "", true);
  EXPECT_THAT(head, Not(HasSubstr("content-")));
  EXPECT_THAT(ReplyHead({.status = 401, .body = {}, .headers = {}}, "", true),
              HasSubstr("content-length: 0\r\n"));
}

TEST(ReplyHead, DoesNotLetAValueMakeAHeader) {
  const Reply reply = {
      .status = 200,
      .content_type = "text/plain\r\nA: b",
      .body = "x",
      .headers = {{"x-thing", "a\r\nSet-Cookie: b"}, {"x-nul", std::string(1, '\0')}}};
  const std::string head = ReplyHead(reply, "c\nd", true);
  EXPECT_THAT(head, Not(HasSubstr("\nA: b")));
  EXPECT_THAT(head, Not(HasSubstr("\nSet-Cookie")));
  EXPECT_THAT(head, HasSubstr("x-thing: a\\r\\nSet-Cookie: b\r\n"));
  EXPECT_EQ(head.find('\0'), std::string::npos);
}

TEST(HttpDate, IsThatOfRfc9110) {
  EXPECT_EQ(HttpDate(std::chrono::system_clock::from_time_t(784111777)),
            "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(HttpDate(std::chrono::system_clock::from_time_t(1709164800)),
            "Thu, 29 Feb 2024 00:00:00 GMT");
}

}  // namespace
}  // namespace merle
