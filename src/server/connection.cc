#include "server/connection.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/format.h"
#include "base/log.h"
#include "server/body_reader.h"
#include "server/http_head.h"
#include "server/http_server.h"
#include "server/message.h"
#include "server/reply_head.h"
#include "server/request_head.h"
#include "server/stream.h"
#include "server/under_way.h"

namespace merle {
namespace {

namespace asio = boost::asio;

// Behind the last reply of a connection, what still comes is dropped for so long: a connection that
// is closed with unread bytes in it is reset, and the client may never see the reply.
constexpr double kLingerSeconds = 3;
constexpr double kLingerSecondsWhenFull = 0.5;  // Where others wait for the place.

constexpr double kRateFreeSeconds = 5;  // Of a body, before its rate counts.

asio::const_buffer Rest(const std::string& text, std::size_t written) {
  return asio::buffer(text) + written;
}

double SecondsSince(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - time).count();
}

}  // namespace

Connection::Connection(Connections& all, Stream::Socket socket, std::string peer,
                       std::string address)
    : all_(all),
      stream_(std::move(socket), all.tls),
      timer_(all.context),
      peer_(std::move(peer)),
      address_(std::move(address)),
      phase_(all.tls != nullptr ? Phase::kHandshake : Phase::kHead),
      body_share_(all.load, &Load::body_bytes) {
  all_.open.insert(this);
  ++all_.load->connections;
  if (!address_.empty()) ++all_.per_address[address_];
}

Connection::~Connection() {
  if (phase_ != Phase::kClosed) Unregister();
}

void Connection::Unregister() {
  Abandon();
  phase_ = Phase::kClosed;
  all_.open.erase(this);
  --all_.load->connections;
  if (turned_away_) --all_.turned_away;
  if (!address_.empty() && --all_.per_address[address_] == 0) all_.per_address.erase(address_);
  all_.closed();
}

void Connection::Close() {
  if (phase_ == Phase::kClosed) return;
  Unregister();
  timer_.cancel();
  ErrorOfSystem ignored;
  ignored = stream_.socket().close(ignored);
}

void Connection::Start() {
  if (!stream_.has_tls()) return NextRequest();
  Arm(all_.limits.head_seconds);
  stream_.Shake([self = shared_from_this()](const ErrorOfSystem& error) {
    if (self->phase_ == Phase::kClosed) return;
    if (error) return self->Close();
    self->NextRequest();
  });
}

void Connection::TurnAway() {
  turned_away_ = true;
  ++all_.turned_away;
  if (stream_.has_tls()) return Close();  // A handshake would cost more than it helps.
  started_ = true;
  start_ = Clock::now();
  Refuse(503, "There are too many connections.", true);
}

void Connection::Drain() {
  if (phase_ == Phase::kHandshake) return Close();
  ErrorOfSystem ignored;
  // What has come already gets its 503.
  if (phase_ == Phase::kHead && !started_ && stream_.socket().available(ignored) == 0) Close();
}

bool Connection::IsBusy() const {
  return phase_ == Phase::kBody || phase_ == Phase::kWork || phase_ == Phase::kWrite;
}

void Connection::Arm(double seconds) {
  timer_.expires_after(
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)));
  timer_.async_wait([self = shared_from_this()](const ErrorOfSystem& error) {
    // It may have been armed again while this call was on its way.
    if (!error && self->phase_ != Phase::kClosed && self->timer_.expiry() <= Clock::now()) {
      self->OnTime();
    }
  });
}

void Connection::OnTime() {
  switch (phase_) {
    case Phase::kHead:
      if (!started_) return Close();
      return Refuse(408, "The headers did not come in time.", true);
    case Phase::kBody: {
      const double left = BodySeconds() - SecondsSince(body_start_);
      if (left > 0) return Arm(left);
      return Refuse(408, "The body did not come in time.", true);
    }
    case Phase::kWork:
      Abandon();
      return Refuse(504, "The reply was not ready in time.", false);
    case Phase::kWrite:
      return Vanish();
    case Phase::kHandshake:
    case Phase::kLinger:
    case Phase::kClosed:
      return Close();
  }
}

// A read is under way nearly always: it is how we learn that the client has left.
void Connection::Read() {
  const bool waits_for_us = phase_ == Phase::kWork || phase_ == Phase::kWrite;
  if (reading_ || end_of_input_ || (waits_for_us && input_.size() >= all_.limits.head_bytes))
    return;
  reading_ = true;
  const auto take = [self = shared_from_this()](const ErrorOfSystem& error, std::size_t bytes) {
    self->reading_ = false;
    if (self->phase_ != Phase::kClosed) self->OnRead(error, bytes);
  };
  if (phase_ == Phase::kLinger) {
    stream_.socket().async_read_some(asio::buffer(chunk_), take);  // TLS has ended.
  } else {
    stream_.Read(asio::buffer(chunk_), take);
  }
}

void Connection::OnRead(const ErrorOfSystem& error, std::size_t bytes) {
  if (phase_ == Phase::kLinger) {
    if (stream_.has_tls() && !tls_ended_) return EndTls();
    lingered_ += bytes;
    if (error || turned_away_ || lingered_ > 2 * all_.limits.body_bytes) return Close();
    return Read();
  }
  end_of_input_ = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
  if (error && !end_of_input_) return Vanish();
  input_.append(chunk_.data(), bytes);
  switch (phase_) {
    case Phase::kHead:
      return TakeHead();
    case Phase::kBody:
      return TakeBody();
    case Phase::kWork:
      if (end_of_input_) Abandon();  // It may only have ended its side: it still gets the reply.
      return Read();
    default:
      return Read();
  }
}

void Connection::NextRequest() {
  phase_ = Phase::kHead;
  started_ = false;
  scanner_.emplace(all_.limits);
  head_ = {};
  exchange_ = {};
  if (all_.draining && input_.empty()) {
    Drain();
    if (phase_ == Phase::kClosed) return;
  }
  TakeHead();
}

void Connection::TakeHead() {
  if (input_.empty()) {
    if (end_of_input_) return Close();
    Arm(all_.limits.idle_seconds);
    return Read();
  }
  if (!started_) {
    started_ = true;
    start_ = Clock::now();
    Arm(all_.limits.head_seconds);
  }
  if (auto problem = scanner_->Scan(input_)) return Refuse(problem->status, problem->message, true);
  if (!scanner_->end()) return end_of_input_ ? Vanish() : Read();
  auto parsed = ParseHead(std::string_view(input_).substr(0, *scanner_->end()));
  input_.erase(0, *scanner_->end());
  if (const auto* problem = std::get_if<HeadProblem>(&parsed)) {
    return Refuse(problem->status, problem->message, true);
  }
  head_ = std::get<Head>(std::move(parsed));
  exchange_.method = head_.request.method;
  exchange_.path = head_.request.path;
  exchange_.id = head_.request.id;
  exchange_.trace_id = head_.request.trace_id;
  Judge();
}

// Before a byte of the body is taken, or kept.
void Connection::Judge() {
  if (all_.draining) return Refuse(503, "The server is shutting down.", true);
  const bool has_body = head_.chunked || head_.length > 0;
  if (std::optional<Reply> refusal = Admit()) {
    return Send(*std::move(refusal), head_.keep_alive && !has_body);
  }
  if (head_.request.Header("content-encoding")) {
    return Refuse(415, "A body in a Content-Encoding is not taken.", true);
  }
  if (head_.chunked) {
    body_.emplace(all_.limits);
  } else {
    body_.emplace(all_.limits, head_.length);
  }
  if (const auto& problem = body_->problem())
    return Refuse(problem->status, problem->message, true);
  if (!head_.expects_continue || !input_.empty()) return BeginBody();
  phase_ = Phase::kWrite;
  out_head_ = "HTTP/1.1 100 Continue\r\n\r\n";
  out_body_.clear();
  written_ = 0;
  then_ = Then::kBody;
  Write();
}

std::optional<Reply> Connection::Admit() {
  try {
    return all_.handlers.admit(head_.request);
  } catch (const std::exception& error) {
    Log(LogLevel::kWarning, Format("request {}: {}", exchange_.id, error.what()));
    return MakeRefusal(500, "The server failed.");
  }
}

void Connection::BeginBody() {
  phase_ = Phase::kBody;
  body_start_ = Clock::now();
  body_received_ = 0;
  Arm(BodySeconds());
  TakeBody();
}

// How long the body may take: longer the more of it has come, as a rate is asked for.
double Connection::BodySeconds() const {
  const HttpLimits& limits = all_.limits;
  if (limits.body_bytes_per_second <= 0) return limits.body_seconds;
  const double by_rate = static_cast<double>(body_received_) / limits.body_bytes_per_second;
  return std::min(std::max(by_rate, kRateFreeSeconds), limits.body_seconds);
}

void Connection::TakeBody() {
  const std::size_t taken = body_->Take(input_);
  input_.erase(0, taken);
  body_received_ += taken;
  if (const auto& problem = body_->problem())
    return Refuse(problem->status, problem->message, true);
  body_share_.Set(body_->body().size());
  if (all_.load->body_bytes > all_.limits.all_body_bytes) {
    return Refuse(503, "The server has no memory for the body now.", true);
  }
  if (body_->done()) return Work();
  if (end_of_input_) return Vanish();
  Read();
}

void Connection::Work() {
  exchange_.request_bytes = body_->body().size();
  if (all_.load->requests >= all_.limits.requests) {
    return Refuse(429, "There are too many requests.", false);
  }
  // Shared with the request: see message.h.
  abandoned_ = std::make_shared<std::atomic<bool>>(end_of_input_);
  head_.request.abandoned = abandoned_;
  head_.request.body = std::move(body_->body());
  body_.reset();
  phase_ = Phase::kWork;
  Arm(all_.limits.reply_seconds);
  Respond respond = MakeRespond(head_.request.body.size());
  body_share_.Set(0);
  try {
    all_.handlers.handle(std::move(head_.request), std::move(respond));
  } catch (const std::exception& error) {
    Log(LogLevel::kWarning, Format("request {}: {}", exchange_.id, error.what()));
    return Refuse(500, "The server failed.", false);
  }
  Read();
}

Respond Connection::MakeRespond(std::size_t body_bytes) {
  // Shared by the copies of the function: taken back by the first call, or when none is left.
  struct Shares {
    Share request, body;
  };
  const auto shares = std::make_shared<Shares>(
      Shares{{all_.load, &Load::requests}, {all_.load, &Load::body_bytes}});
  shares->request.Set(1);
  shares->body.Set(body_bytes);
  return [mailbox = all_.mailbox, self = weak_from_this(), serial = serial_, shares](Reply reply) {
    shares->request.Set(0);
    shares->body.Set(0);
    mailbox->Post([self, serial, reply = std::move(reply)]() mutable {
      if (const auto connection = self.lock()) connection->TakeReply(serial, std::move(reply));
    });
  };
}

void Connection::TakeReply(std::uint64_t serial, Reply reply) {
  if (phase_ != Phase::kWork || serial != serial_) return;
  const bool keep_alive = head_.keep_alive && !reply.close;
  Send(std::move(reply), keep_alive);
}

Reply Connection::MakeRefusal(int status, const std::string& message) const {
  Reply reply = all_.handlers.refuse(status, message, exchange_.path);
  const bool has_wait = std::ranges::any_of(
      reply.headers, [](const auto& header) { return header.first == "retry-after"; });
  if ((status == 429 || status == 503) && !has_wait) {
    reply.headers.emplace_back("retry-after", "1");
  }
  return reply;
}

void Connection::Refuse(int status, const std::string& message, bool close) {
  Send(MakeRefusal(status, message), head_.keep_alive && !close);
}

void Connection::Send(Reply reply, bool keep_alive) {
  ++serial_;
  body_.reset();
  body_share_.Set(0);
  keep_alive = keep_alive && !all_.draining && (!end_of_input_ || !input_.empty());
  const bool without_body = exchange_.method == "HEAD" || !HasBody(reply.status);
  out_head_ = ReplyHead(reply, exchange_.id, keep_alive);
  out_body_ = without_body ? std::string() : std::move(reply.body);
  written_ = 0;
  exchange_.status = reply.status;
  exchange_.reply_bytes = out_body_.size();
  phase_ = Phase::kWrite;
  then_ = keep_alive ? Then::kNextRequest : Then::kLinger;
  Write();
}

void Connection::Write() {
  Arm(all_.limits.write_seconds);
  const std::size_t of_head = std::min(written_, out_head_.size());
  const std::array buffers = {Rest(out_head_, of_head), Rest(out_body_, written_ - of_head)};
  stream_.Write(buffers,
                [self = shared_from_this()](const ErrorOfSystem& error, std::size_t bytes) {
                  if (self->phase_ != Phase::kClosed) self->OnWritten(error, bytes);
                });
}

void Connection::OnWritten(const ErrorOfSystem& error, std::size_t bytes) {
  if (error) return Vanish();
  written_ += bytes;
  if (written_ < out_head_.size() + out_body_.size()) return Write();
  if (then_ == Then::kBody) return BeginBody();
  const bool left = abandoned_ != nullptr && *abandoned_ && exchange_.status != 504;
  Finish(left ? 499 : exchange_.status);
  if (then_ == Then::kLinger) return Linger();
  NextRequest();
}

void Connection::Finish(int status) {
  abandoned_.reset();
  std::string().swap(out_body_);
  exchange_.peer = peer_;
  exchange_.status = status;
  exchange_.seconds = SecondsSince(start_);
  started_ = false;
  if (all_.handlers.finished) all_.handlers.finished(exchange_);
}

void Connection::Abandon() {
  if (abandoned_ != nullptr) *abandoned_ = true;
}

// The client has gone, in the middle of a request or of its reply.
void Connection::Vanish() {
  Abandon();
  if (started_) Finish(499);
  Close();
}

void Connection::Linger() {
  phase_ = Phase::kLinger;
  lingered_ = 0;
  std::string().swap(input_);
  if (end_of_input_) return Close();
  Arm(turned_away_ || all_.draining ? kLingerSecondsWhenFull : kLingerSeconds);
  ErrorOfSystem ignored;
  if (!stream_.has_tls()) {
    ignored = stream_.socket().shutdown(Stream::Socket::shutdown_send, ignored);
    return Read();
  }
  if (!reading_) return EndTls();
  ignored = stream_.socket().cancel(ignored);  // OnRead goes on.
}

void Connection::EndTls() {
  tls_ended_ = true;
  stream_.EndTls([self = shared_from_this()](const ErrorOfSystem&) {
    if (self->phase_ == Phase::kClosed) return;
    ErrorOfSystem ignored;
    ignored = self->stream_.socket().shutdown(Stream::Socket::shutdown_send, ignored);
    self->Read();
  });
}

}  // namespace merle
