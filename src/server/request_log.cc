#include "server/request_log.h"

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/format.h"
#include "base/json_writer.h"
#include "base/quote.h"
#include "server/http_server.h"

namespace merle {
namespace {

constexpr std::size_t kMostWaiting = 4096;  // Lines.

double Now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// "2026-11-24T16:30:00.123Z"
std::string TimeText(double unix_seconds) {
  const auto thousandths = static_cast<std::int64_t>(std::llround(unix_seconds * 1000));
  const std::time_t seconds = thousandths / 1000;
  std::tm time{};
  ::gmtime_r(&seconds, &time);
  return Format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", time.tm_year + 1900, time.tm_mon + 1,
                time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec, thousandths % 1000);
}

// "-" for what a broken head did not have.
std::string OrDash(std::string_view text) { return text.empty() ? "-" : Escaped(text); }

}  // namespace

std::string RequestLogLine(const Exchange& exchange, double unix_seconds, LogForm form) {
  if (form == LogForm::kText) {
    std::string line = Format(
        "{} {} {} {} {:.1f} ms {} B in {} B out {} id={}", TimeText(unix_seconds), exchange.status,
        OrDash(exchange.method), OrDash(exchange.path), exchange.seconds * 1000,
        exchange.request_bytes, exchange.reply_bytes, OrDash(exchange.peer), OrDash(exchange.id));
    if (!exchange.trace_id.empty()) line += Format(" trace={}", Escaped(exchange.trace_id));
    return line;
  }
  JsonWriter json;
  json.BeginObject().Key("time").Value(TimeText(unix_seconds)).Key("level").Value("info");
  json.Key("event").Value("request").Key("request_id").Value(Escaped(exchange.id));
  if (!exchange.trace_id.empty()) json.Key("trace_id").Value(Escaped(exchange.trace_id));
  json.Key("method").Value(Escaped(exchange.method)).Key("path").Value(Escaped(exchange.path));
  json.Key("status").Value(exchange.status).Key("seconds").Value(exchange.seconds);
  json.Key("request_bytes").Value(exchange.request_bytes);
  json.Key("reply_bytes").Value(exchange.reply_bytes);
  json.Key("peer").Value(Escaped(exchange.peer)).EndObject();
  return json.text();
}

std::string MessageLogLine(std::string_view message, double unix_seconds, LogForm form) {
  if (form == LogForm::kText) return Format("merle: {}", Escaped(message));
  JsonWriter json;
  json.BeginObject().Key("time").Value(TimeText(unix_seconds)).Key("level").Value("warning");
  json.Key("event").Value("message").Key("message").Value(Escaped(message)).EndObject();
  return json.text();
}

RequestLog::RequestLog(LogForm form, std::function<void(const std::string& line)> write)
    : form_(form), write_(std::move(write)), thread_([this] { Work(); }) {}

RequestLog::~RequestLog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void RequestLog::Add(const Exchange& exchange) { AddLine(RequestLogLine(exchange, Now(), form_)); }

void RequestLog::AddMessage(std::string_view message) {
  AddLine(MessageLogLine(message, Now(), form_));
}

void RequestLog::AddLine(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    if (lines_.size() >= kMostWaiting) {
      ++left_out_;
      return;
    }
    lines_.push_back(std::move(line));
  }
  wake_.notify_one();
}

void RequestLog::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stop_ || !lines_.empty(); });
    if (lines_.empty()) return;
    std::string text;  // Of all that wait: one write.
    for (const std::string& line : std::exchange(lines_, {})) text += line + '\n';
    if (left_out_ > 0) {
      const std::string says = Format("{} lines were left out", std::exchange(left_out_, 0));
      text += MessageLogLine(says, Now(), form_) + '\n';
    }
    lock.unlock();
    write_(text);
    lock.lock();
  }
}

}  // namespace merle
