// A line about each request, for people or for programs.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "server/http_server.h"

namespace merle {

enum class LogForm { kText, kJson };

// "2026-11-24T16:30:00.123Z 200 POST /v1/embeddings 3.2 ms …", or the same as an object of JSON, of
// `unix_seconds`; without the line's end. What a client sent is escaped. Never has a key.
std::string RequestLogLine(const Exchange& exchange, double unix_seconds, LogForm form);

// Of a message that is no request's.
std::string MessageLogLine(std::string_view message, double unix_seconds, LogForm form);

// Writes lines in a thread of its own, so that whoever reads them slowly holds up nobody. Where
// more than some thousand wait, the next are left out, and counted.
class RequestLog {
 public:
  // write: gets a line with its end; called in one thread.
  RequestLog(LogForm form, std::function<void(const std::string& line)> write);
  ~RequestLog();  // Writes what waits.
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;

  // In any thread.
  void Add(const Exchange& exchange);
  void AddMessage(std::string_view message);

 private:
  void AddLine(std::string line);
  void Work();

  const LogForm form_;
  const std::function<void(const std::string& line)> write_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable wake_;
  std::deque<std::string> lines_;
  std::size_t left_out_ = 0;
  bool stop_ = false;
  std::thread thread_;  // The last member: it uses all others.
};

}  // namespace merle
