#include "server/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/error_matcher.h"
#include "base/test_folder.h"
#include "server/raw_client.h"

namespace merle {
namespace {

using testing::HasSubstr;

TEST(Listener, ListensAtAFreePort) {
  const Listener listener({.address = "127.0.0.1"});
  EXPECT_THAT(listener.place(), testing::MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
  EXPECT_EQ(listener.family(), AF_INET);
  EXPECT_TRUE(RawClient("http://" + listener.place()).connected());
}

TEST(Listener, ListensAtAnAddressOfIpv6) {
  try {
    const Listener listener({.address = "::1"});
    EXPECT_THAT(listener.place(), testing::MatchesRegex("\\[::1\\]:[1-9][0-9]*"));
  } catch (const Error&) {
    GTEST_SKIP() << "this machine has no IPv6";
  }
}

TEST(Listener, RefusesWhatIsNoAddress) {
  for (const char* address : {"", "localhost", "127.0.0.1:80", "[::1]", "1.2.3", "*"}) {
    EXPECT_THAT([&] { Listener({.address = address}); },
                ThrowsError(ErrorCode::kInvalidArgument, HasSubstr("127.0.0.1 or ::1")))
        << address;
  }
  EXPECT_THAT([] { Listener({.address = "203.0.113.1"}); },
              ThrowsError(ErrorCode::kInvalidArgument));
}

TEST(Listener, RefusesAPortInUse) {
  const Listener first({});
  const std::string& place = first.place();
  const auto port = static_cast<std::uint16_t>(std::stoi(place.substr(place.find(':') + 1)));
  EXPECT_THAT([&] { Listener({.port = port}); },
              ThrowsError(ErrorCode::kAlreadyExists, HasSubstr(place)));
}

TEST(UnixListener, ReplacesASocketThatNobodyListensAt) {
  const TestFolder folder;
  const std::string path = folder.Path("socket");
  {
    Listener killed({.unix_socket = path});
    std::filesystem::rename(path, path + ".kept");  // So that it is not removed.
  }
  std::filesystem::rename(path + ".kept", path);
  const Listener next({.unix_socket = path});
  EXPECT_TRUE(RawClient("unix:" + path).connected());
}

TEST(UnixListener, LeavesAnothersSocketAndFilesAlone) {
  const TestFolder folder;
  const std::string path = folder.Path("socket");
  const Listener first({.unix_socket = path});
  EXPECT_THAT([&] { Listener({.unix_socket = path}); },
              ThrowsError(ErrorCode::kAlreadyExists, HasSubstr("another server")));
  EXPECT_TRUE(RawClient("unix:" + path).connected());

  const std::string file = folder.Write("file", "text");
  EXPECT_THAT([&] { Listener({.unix_socket = file}); },
              ThrowsError(ErrorCode::kAlreadyExists, HasSubstr("no socket")));
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST(UnixListener, DoesNotRemoveAnothersSocketAtItsEnd) {
  const TestFolder folder;
  const std::string path = folder.Path("socket");
  const Listener* second = nullptr;
  {
    const Listener first({.unix_socket = path});
    std::filesystem::remove(path);
    second = new Listener({.unix_socket = path});
  }
  EXPECT_TRUE(std::filesystem::exists(path));
  delete second;
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(UnixListener, RefusesPathsThatCanNotBe) {
  EXPECT_THAT([] { Listener({.unix_socket = "/" + std::string(200, 'a')}); },
              ThrowsError(ErrorCode::kInvalidArgument, HasSubstr("107 bytes")));
  EXPECT_THAT([] { Listener({.unix_socket = "/nonexistent/socket"}); },
              ThrowsError(ErrorCode::kIoError));
}

}  // namespace
}  // namespace merle
