#include "server/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/format.h"
#include "base/test_folder.h"
#include "server/http_server_test.h"
#include "server/message.h"
#include "server/raw_client.h"

namespace merle {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

HttpServerOptions With(const HttpLimits& limits) { return {.limits = limits}; }

// Waits, not for long, until it holds.
template <typename Condition>
bool Becomes(const Condition& condition) {
  for (int i = 0; i < 1000 && !condition(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

TEST(HttpServer, AnswersRequestsOnOneConnection) {
  ServerInThread server;
  RawClient client(server.url());
  for (const char* body : {"hello", "", "again"}) {
    client.Send(Post("/echo", body));
    const std::string reply = client.Receive();
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(reply, EndsWith(std::string("\r\n\r\n") + body));
  }
  EXPECT_EQ(server.server().connections(), 1U);
}

TEST(HttpServer, TellsWhatItDid) {
  ServerInThread server;
  RawClient client(server.url());
  client.Send(Post("/echo", "hello", "X-Request-Id: one\r\n"));
  EXPECT_THAT(client.Receive(), HasSubstr("x-request-id: one\r\n"));
  const auto exchange = server.NextExchange();
  ASSERT_TRUE(exchange);
  EXPECT_EQ(exchange->method, "POST");
  EXPECT_EQ(exchange->path, "/echo");
  EXPECT_EQ(exchange->id, "one");
  EXPECT_EQ(exchange->status, 200);
  EXPECT_EQ(exchange->request_bytes, 5U);
  EXPECT_EQ(exchange->reply_bytes, 5U);
  EXPECT_THAT(exchange->peer, StartsWith("127.0.0.1:"));
  EXPECT_GT(exchange->seconds, 0);
  EXPECT_LT(exchange->seconds, 10);
}

TEST(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
  ServerInThread server;
  RawClient client(server.url());
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += Post("/echo", Format("{}", i));
  std::thread sender([&] { client.Send(bytes); });
  for (int i = 0; i < 100; ++i) EXPECT_THAT(client.Receive(), EndsWith(Format("\r\n\r\n{}", i)));
  sender.join();
}

TEST(HttpServer, HandsOneRequestOfAConnectionAtATime) {
  ServerInThread server;
  RawClient client(server.url());
  client.Send(Post("/wait", "1") + Post("/wait", "2"));
  auto first = server.NextWaiting();
  ASSERT_TRUE(first);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(server.server().requests(), 1U);
  first->second(ServerInThread::ReplyOf(200, "one"));
  EXPECT_THAT(client.Receive(), EndsWith("one"));
  auto second = server.NextWaiting();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->first.body, "2");
}

TEST(HttpServer, TakesAReplyOnceAndInAnyThread) {
  ServerInThread server;
  RawClient client(server.url());
  client.Send(Get("/wait"));
  auto waiting = server.NextWaiting();
  ASSERT_TRUE(waiting);
  std::thread([&] { waiting->second(ServerInThread::ReplyOf(200, "one")); }).join();
  waiting->second(ServerInThread::ReplyOf(200, "two"));
  EXPECT_THAT(client.Receive(), EndsWith("one"));
  client.Send(Post("/echo", "three"));
  EXPECT_THAT(client.Receive(), EndsWith("three"));
}

TEST(HttpServer, TakesRepliesWhenItIsGone) {
  std::optional<std::pair<Request, Respond>> waiting;
  {
    ServerInThread server;
    RawClient client(server.url());
    client.Send(Get("/wait"));
    waiting = server.NextWaiting();
    ASSERT_TRUE(waiting);
  }
  EXPECT_TRUE(*waiting->first.abandoned);
  waiting->second(ServerInThread::ReplyOf(200, "late"));
}

TEST(HttpServer, LeavesOutTheBodyOfHead) {
  ServerInThread server;
  RawClient client(server.url());
  client.Send("HEAD /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  const std::string reply = client.Receive(10, true);
  EXPECT_THAT(reply, HasSubstr("content-length: 3\r\n"));
  EXPECT_THAT(reply, EndsWith("\r\n\r\n"));
  client.Send(Post("/echo", "x"));
  EXPECT_THAT(client.Receive(), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, SendsLargeRepliesWhole) {
  ServerInThread server;
  RawClient client(server.url());
  client.Send(Get("/big"));
  EXPECT_GT(client.Receive(30).size(), std::size_t{16} << 20);
  client.Send(Post("/echo", "x"));
  EXPECT_THAT(client.Receive(), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, SaysContinueOnlyToWhomItAdmits) {
  ServerInThread server;
  RawClient client(server.url());
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Receive(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_THAT(client.Receive(), EndsWith("abc"));
  client.Send(
      "POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(client.Receive(), StartsWith("HTTP/1.1 404"));
  EXPECT_TRUE(client.Ends());
}

TEST(HttpServer, LetsARefusedClientSeeTheAnswerWhileItStillSends) {
  ServerInThread server(With({.body_bytes = 1 << 20}));
  for (const char* framing : {"Content-Length: 2000000", "Transfer-Encoding: chunked"}) {
    RawClient client(server.url());
    client.Send(Format("POST /echo HTTP/1.1\r\nHost: a\r\n{}\r\n\r\n", framing));
    if (framing[0] == 'T') client.Send("1e8480\r\n");
    client.Send(std::string(1'900'000, 'x'));
    EXPECT_THAT(client.Receive(), StartsWith("HTTP/1.1 413")) << framing;
    EXPECT_TRUE(client.Ends());
  }
}

TEST(HttpServer, EndsTheConnectionWhereAReplySaysSo) {
  ServerInThread server;
  RawClient client(server.url());
  client.Send(Get("/closed"));
  EXPECT_THAT(client.Receive(), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(client.Ends(1));
}

TEST(HttpServer, AnswersWhenAHandlerThrows) {
  ServerInThread server;
  RawClient client(server.url());
  client.Send(Get("/throw"));
  const std::string reply = client.Receive();
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(reply, Not(HasSubstr("thrown")));
}

struct Slow {
  const char* name;
  HttpLimits limits;
  std::string bytes;
  int status;  // 0: closed without a word.
};

class HttpServerEnds : public testing::TestWithParam<Slow> {};

TEST_P(HttpServerEnds, ConnectionsThatAreTooSlow) {
  ServerInThread server(With(GetParam().limits));
  RawClient client(server.url());
  client.Send(GetParam().bytes);
  EXPECT_EQ(RawClient::StatusOf(client.Receive(8)), GetParam().status);
  EXPECT_TRUE(client.Ends(4));
}

INSTANTIATE_TEST_SUITE_P(
    Waits, HttpServerEnds,
    testing::ValuesIn(std::vector<Slow>{
        {"Idle", {.idle_seconds = 0.1}, "", 0},
        {"InTheHead", {.head_seconds = 0.1}, "GET /echo HTTP/1.1\r\nHost:", 408},
        {"InTheBody",
         {.body_seconds = 0.1},
         "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na",
         408},
        {"BelowTheRate",
         {.body_seconds = 100, .body_bytes_per_second = 1000},
         "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\na",
         408},
    }),
    [](const auto& test) { return test.param.name; });

TEST(HttpServer, GivesUpOnWhoTakesNothing) {
  ServerInThread server(With({.write_seconds = 0.2}));
  RawClient client(server.url());
  client.Send(Get("/big"));
  const auto exchange = server.NextExchange();
  ASSERT_TRUE(exchange);
  EXPECT_EQ(exchange->status, 499);
  EXPECT_TRUE(Becomes([&] { return server.server().connections() == 0; }));
}

TEST(HttpServer, AnswersInTimeItself) {
  ServerInThread server(With({.reply_seconds = 0.1}));
  RawClient client(server.url());
  client.Send(Get("/wait"));
  auto waiting = server.NextWaiting();
  ASSERT_TRUE(waiting);
  EXPECT_THAT(client.Receive(), StartsWith("HTTP/1.1 504"));
  EXPECT_TRUE(*waiting->first.abandoned);
  EXPECT_EQ(server.NextExchange()->status, 504);
  waiting->second(ServerInThread::ReplyOf(200, "late"));
  client.Send(Post("/echo", "next"));
  EXPECT_THAT(client.Receive(), EndsWith("next"));
}

TEST(HttpServer, NoticesThatAClientHasLeft) {
  ServerInThread server;
  RawClient client(server.url());
  client.Send(Get("/wait"));
  auto waiting = server.NextWaiting();
  ASSERT_TRUE(waiting);
  EXPECT_FALSE(*waiting->first.abandoned);
  client.Leave();
  EXPECT_TRUE(Becomes([&] { return waiting->first.abandoned->load(); }));
  waiting->second(ServerInThread::ReplyOf(200, "late"));
  EXPECT_EQ(server.NextExchange()->status, 499);
  EXPECT_TRUE(Becomes([&] { return server.server().connections() == 0; }));
}

TEST(HttpServer, NoticesThatAClientHasLeftInTheBody) {
  ServerInThread server;
  RawClient client(server.url());
  client.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
  client.Leave();
  EXPECT_EQ(server.NextExchange()->status, 499);
}

TEST(HttpServer, RepliesToAClientThatOnlyEndedItsSide) {
  ServerInThread server;
  RawClient client(server.url());
  client.Send(Post("/echo", "a") + Post("/echo", "b"));
  client.EndSending();
  EXPECT_THAT(client.Receive(), EndsWith("a"));
  EXPECT_THAT(client.Receive(), EndsWith("b"));
  EXPECT_TRUE(client.Ends(1));
}

TEST(HttpServer, TurnsAwayConnectionsAboveTheLimit) {
  ServerInThread server(With({.connections = 2}));
  RawClient first(server.url());
  RawClient second(server.url());
  ASSERT_TRUE(Becomes([&] { return server.server().connections() == 2; }));
  RawClient third(server.url());
  third.Send(Post("/echo", "x"));
  const std::string reply = third.Receive();
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(reply, HasSubstr("retry-after: 1\r\n"));
  EXPECT_TRUE(third.Ends());
  first.Leave();
  ASSERT_TRUE(Becomes([&] { return server.server().connections() == 1; }));
  RawClient fourth(server.url());
  fourth.Send(Post("/echo", "x"));
  EXPECT_THAT(fourth.Receive(), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, RefusesRequestsAboveTheLimitAndKeepsTheirConnections) {
  ServerInThread server(With({.requests = 1}));
  RawClient first(server.url());
  first.Send(Get("/wait"));
  auto waiting = server.NextWaiting();
  ASSERT_TRUE(waiting);
  RawClient second(server.url());
  second.Send(Post("/echo", "x"));
  const std::string reply = second.Receive();
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 429"));
  EXPECT_THAT(reply, HasSubstr("retry-after: 1\r\n"));
  waiting->second(ServerInThread::ReplyOf(200, "done"));
  EXPECT_THAT(first.Receive(), EndsWith("done"));
  second.Send(Post("/echo", "x"));
  EXPECT_THAT(second.Receive(), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, RequestsThatNobodyAnswersDoNotCountForEver) {
  ServerInThread server(With({.requests = 1, .reply_seconds = 0.1}));
  RawClient client(server.url());
  client.Send(Get("/wait"));
  EXPECT_THAT(client.Receive(), StartsWith("HTTP/1.1 504"));
  EXPECT_EQ(server.server().requests(), 1U);  // Its handler still has it.
  server.NextWaiting();                       // And drops it here.
  EXPECT_EQ(server.server().requests(), 0U);
}

TEST(HttpServer, LimitsTheBodiesOfAllRequestsTogether) {
  ServerInThread server(With({.all_body_bytes = 1000}));
  RawClient first(server.url());
  first.Send(Post("/wait", std::string(600, 'a')));
  auto waiting = server.NextWaiting();
  ASSERT_TRUE(waiting);
  RawClient second(server.url());
  second.Send(Post("/echo", std::string(600, 'a')));
  EXPECT_THAT(second.Receive(), StartsWith("HTTP/1.1 503"));
  waiting->second(ServerInThread::ReplyOf(200, "done"));
  RawClient third(server.url());
  third.Send(Post("/echo", std::string(600, 'a')));
  EXPECT_THAT(third.Receive(), StartsWith("HTTP/1.1 200"));
}

// Seconds that this process has computed.
double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

TEST(HttpServer, WaitsWithoutHasteWhenThereAreNoMoreDescriptors) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "UBSan looks at objects through a pipe, and takes none for a damaged object";
#endif
  ServerInThread server;
  RawClient client(server.url());
  ASSERT_TRUE(Becomes([&] { return server.server().connections() == 1; }));
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few = {.rlim_cur = 256, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  std::vector<Descriptor> taken;
  for (int copy = ::dup(client.socket()); copy >= 0; copy = ::dup(client.socket())) {
    taken.emplace_back(copy);
  }
  taken.pop_back();  // For the client's end of the connection that can't be accepted.
  RawClient late(server.url());
  ASSERT_TRUE(late.connected());
  late.Send(Post("/echo", "late"));
  const double cpu = CpuSeconds();
  EXPECT_EQ(late.Receive(0.5), "");
  EXPECT_LT(CpuSeconds() - cpu, 0.2);
  client.Send(Post("/echo", "x"));
  EXPECT_THAT(client.Receive(), EndsWith("x"));
  taken.clear();
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_THAT(late.Receive(), EndsWith("late"));
}

TEST(Drain, AnswersWhatIsUnderWayAndRefusesTheRest) {
  ServerInThread server;
  RawClient idle(server.url());
  RawClient busy(server.url());
  RawClient begun(server.url());
  busy.Send(Get("/wait"));
  begun.Send("POST /echo HTTP/1.1\r\nHost: a\r\n");
  auto waiting = server.NextWaiting();
  ASSERT_TRUE(waiting);
  ASSERT_TRUE(Becomes([&] { return server.server().connections() == 3; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // For the bytes of `begun`.

  server.server().Drain(10);
  EXPECT_TRUE(idle.Ends());
  EXPECT_TRUE(Becomes([&] { return !RawClient(server.url()).connected(); }));
  begun.Send("Content-Length: 0\r\n\r\n");
  const std::string refused = begun.Receive();
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(refused, HasSubstr("connection: close\r\n"));
  EXPECT_THAT(refused, HasSubstr("retry-after: "));
  waiting->second(ServerInThread::ReplyOf(200, "done"));
  const std::string reply = busy.Receive();
  EXPECT_THAT(reply, EndsWith("done"));
  EXPECT_THAT(reply, HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(server.Join());
}

TEST(Drain, EndsAtItsTime) {
  ServerInThread server;
  RawClient client(server.url());
  client.Send(Get("/wait"));
  auto waiting = server.NextWaiting();
  ASSERT_TRUE(waiting);
  server.server().Drain(0.1);
  EXPECT_FALSE(server.Join());
  EXPECT_TRUE(*waiting->first.abandoned);
}

TEST(Drain, TwiceIsStop) {
  ServerInThread server;
  RawClient client(server.url());
  client.Send(Get("/wait"));
  ASSERT_TRUE(server.NextWaiting());
  server.server().Drain(1000);
  server.server().Drain(1000);
  EXPECT_FALSE(server.Join());
}

TEST(Drain, OfAnIdleServerEndsAtOnce) {
  ServerInThread server;
  RawClient client(server.url());
  client.Send(Post("/echo", "x"));
  client.Receive();
  server.server().Drain(1000);
  EXPECT_TRUE(server.Join());
}

TEST(UnixSocket, IsForItsOwnerAndGoesWithTheServer) {
  const TestFolder folder;
  const std::string path = folder.Path("socket");
  {
    ServerInThread server({.unix_socket = path});
    EXPECT_EQ(server.url(), "unix:" + path);
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
    RawClient client(server.url());
    client.Send(Post("/echo", "hello"));
    EXPECT_THAT(client.Receive(), EndsWith("hello"));
    EXPECT_EQ(server.NextExchange()->peer, "unix");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace merle
