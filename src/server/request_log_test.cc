#include "server/request_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>

#include "server/http_server.h"

namespace merle {
namespace {

using testing::HasSubstr;

const Exchange kExchange{.method = "POST",
                         .path = "/v1/embeddings\n\"x\"",
                         .id = "id-1",
                         .trace_id = "4bf92f3577b34da6a3ce929d0e0e4736",
                         .peer = "127.0.0.1:5000",
                         .status = 200,
                         .request_bytes = 12,
                         .reply_bytes = 345,
                         .seconds = 0.0123};

TEST(RequestLogLine, IsOneLineForPeople) {
  EXPECT_EQ(RequestLogLine(kExchange, 1795541365.5, LogForm::kText),
            "2026-11-24T17:29:25.500Z 200 POST /v1/embeddings\\n\"x\" 12.3 ms 12 B in 345 B out "
            "127.0.0.1:5000 id=id-1 trace=4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST(RequestLogLine, IsAnObjectForPrograms) {
  EXPECT_EQ(RequestLogLine(kExchange, 1795541365.5, LogForm::kJson),
            R"({"time":"2026-11-24T17:29:25.500Z","level":"info","event":"request",)"
            R"("request_id":"id-1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","method":"POST",)"
            R"("path":"/v1/embeddings\\n\"x\"","status":200,"seconds":0.0123,"request_bytes":12,)"
            R"("reply_bytes":345,"peer":"127.0.0.1:5000"})");
}

TEST(RequestLogLine, HasDashesForABrokenHead) {
  EXPECT_THAT(
      RequestLogLine(
          {.method = "", .path = "", .id = "", .trace_id = "", .peer = "unix", .status = 400}, 0,
          LogForm::kText),
      HasSubstr("400 - - 0.0 ms"));
}

// A reader that stands still holds up nobody, and is told what it missed.
TEST(RequestLog, LeavesOutLinesRatherThanWait) {
  std::promise<void> go;
  std::string written;
  {
    RequestLog log(LogForm::kText, [&, may = go.get_future().share()](const std::string& text) {
      may.wait();
      written += text;
    });
    for (int i = 0; i < 10'000; ++i) log.Add(kExchange);
    go.set_value();
  }
  EXPECT_THAT(written, HasSubstr("lines were left out"));
}

}  // namespace
}  // namespace merle
