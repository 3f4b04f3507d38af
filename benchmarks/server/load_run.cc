#include "server/load_run.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <ctime>
#include <deque>
#include <optional>
#include <random>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "server/load_reply.h"

namespace merle {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kPatience = 70;  // Seconds for the last replies: servers give up after 60 or so.
constexpr double kLongestNap = 0.1;  // Seconds between looks at the clock.
constexpr unsigned kSeed = 7;

void FailSystem(const char* what) {
  throw Error(ErrorCode::kIoError, Format("{}: {}", what, std::strerror(errno)));
}

std::timespec ToTimespec(double seconds) {
  const double whole = std::floor(seconds);
  return {static_cast<std::time_t>(whole), static_cast<long>((seconds - whole) * 1e9)};
}

// A non-blocking socket on its way to the server.
struct Connection {
  int socket = -1;
  std::optional<std::size_t> asked;  // The place of its request in the list, while it has one.
  std::size_t sent = 0;              // Bytes of it.
  std::string received;
};

class Load {
 public:
  Load(const LoadOptions& options, const std::vector<std::string>& requests);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  std::vector<Asked> Run();

 private:
  double Now() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  bool MoreMayCome() const { return asked_.size() < options_.most && Now() < options_.seconds; }
  double NextArrival();
  void TakeArrivals();
  void Nap();

  void Begin(Connection& connection, std::size_t place);
  void Open(Connection& connection);
  void Send(Connection& connection);
  void Receive(Connection& connection);
  void Finish(Connection& connection, int status, bool close);
  void GoOn(Connection& connection, bool answered);

  const LoadOptions& options_;
  const std::vector<std::string>& requests_;
  const Clock::time_point start_ = Clock::now();
  const int epoll_;
  std::mt19937_64 dice_{kSeed};
  std::exponential_distribution<double> gap_;
  double next_arrival_ = 0;
  std::vector<Connection> connections_;
  std::vector<Connection*> free_;    // The one used last is used first.
  std::deque<std::size_t> waiting_;  // Requests that came when no connection was free.
  std::size_t under_way_ = 0;
  std::vector<Asked> asked_;
  bool terminated_ = false;
};

Load::Load(const LoadOptions& options, const std::vector<std::string>& requests)
    : options_(options),
      requests_(requests),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      gap_(options.rate > 0 ? options.rate : 1),
      connections_(options.connections) {
  if (epoll_ < 0) FailSystem("epoll_create1");
  for (Connection& connection : connections_) free_.push_back(&connection);
}

Load::~Load() {
  for (const Connection& connection : connections_) {
    if (connection.socket >= 0) close(connection.socket);
  }
  close(epoll_);
}

std::vector<Asked> Load::Run() {
  while (options_.rate == 0 && !free_.empty() && MoreMayCome()) {
    asked_.push_back({.due = Now()});
    Connection& connection = *free_.back();
    free_.pop_back();
    Begin(connection, asked_.size() - 1);
  }
  while (under_way_ > 0 || (options_.rate > 0 && MoreMayCome())) {
    if (Now() > options_.seconds + kPatience) break;
    if (options_.rate > 0) TakeArrivals();
    if (options_.terminate_pid != 0 && !terminated_ && Now() >= options_.terminate_after) {
      terminated_ = true;
      kill(options_.terminate_pid, SIGTERM);
    }
    Nap();
  }
  return std::move(asked_);
}

// Gives those that have come to connections, or lets them wait for one.
void Load::TakeArrivals() {
  for (; next_arrival_ <= Now() && MoreMayCome(); next_arrival_ += gap_(dice_)) {
    asked_.push_back({.due = next_arrival_});
    waiting_.push_back(asked_.size() - 1);
  }
  while (!waiting_.empty() && !free_.empty()) {
    Connection& connection = *free_.back();
    free_.pop_back();
    const std::size_t place = waiting_.front();
    waiting_.pop_front();
    Begin(connection, place);
  }
}

// Waits for sockets, the next arrival, or the time of the signal.
void Load::Nap() {
  double until = Now() + kLongestNap;
  if (options_.rate > 0 && MoreMayCome()) until = std::min(until, next_arrival_);
  if (!terminated_ && options_.terminate_pid != 0)
    until = std::min(until, options_.terminate_after);
  const std::timespec nap = ToTimespec(std::max(until - Now(), 0.0));
  std::array<epoll_event, 256> events;
  const int count =
      epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &nap, nullptr);
  if (count < 0 && errno != EINTR) FailSystem("epoll_pwait2");
  for (int i = 0; i < count; ++i) {
    Connection& connection =
        *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
    Send(connection);
    Receive(connection);
  }
}

void Load::Begin(Connection& connection, std::size_t place) {
  ++under_way_;
  connection.asked = place;
  connection.sent = 0;
  connection.received.clear();
  if (connection.socket < 0) Open(connection);
  Send(connection);
}

// Edges of both directions are told, so nothing has to be changed later.
void Load::Open(Connection& connection) {
  connection.socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (connection.socket < 0) FailSystem("socket");
  const int on = 1;
  setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // A refusal shows at the first byte sent.
  if (connect(connection.socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
          0 &&
      errno != EINPROGRESS && errno != ECONNREFUSED) {
    FailSystem("connect");
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &connection;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event) != 0) FailSystem("epoll_ctl");
}

void Load::Send(Connection& connection) {
  if (!connection.asked) return;
  const std::string& request = requests_[*connection.asked % requests_.size()];
  while (connection.sent < request.size()) {
    const ssize_t count = send(connection.socket, request.data() + connection.sent,
                               request.size() - connection.sent, MSG_NOSIGNAL);
    // Another error may stand beside a reply that came early: Receive finds out.
    if (count <= 0) return;
    connection.sent += static_cast<std::size_t>(count);
  }
  Asked& asked = asked_[*connection.asked];
  if (asked.sent < 0) asked.sent = Now();
}

void Load::Receive(Connection& connection) {
  std::array<char, 65536> buffer;
  while (connection.socket >= 0) {
    const ssize_t count = recv(connection.socket, buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (count <= 0) return Finish(connection, 0, true);
    connection.received.append(buffer.data(), static_cast<std::size_t>(count));
    const std::optional<ReplyHead> head = ReadReplyHead(connection.received);
    if (!head || connection.received.size() < head->bytes) continue;
    const bool early = connection.asked && asked_[*connection.asked].sent < 0;
    Finish(connection, head->status, head->close || early);
  }
}

// Ends the request of this connection, if there is one.
void Load::Finish(Connection& connection, int status, bool close_it) {
  if (close_it) {
    close(connection.socket);
    connection.socket = -1;
  }
  if (!connection.asked) return;
  Asked& asked = asked_[*connection.asked];
  asked.done = Now();
  asked.status = status;
  connection.asked.reset();
  --under_way_;
  GoOn(connection, status != 0);
}

void Load::GoOn(Connection& connection, bool answered) {
  if (options_.rate > 0) {
    free_.push_back(&connection);
    TakeArrivals();
  } else if (answered && MoreMayCome()) {  // A server that has gone is not asked again.
    asked_.push_back({.due = Now()});
    Begin(connection, asked_.size() - 1);
  }
}

}  // namespace

std::vector<Asked> RunLoad(const LoadOptions& options, const std::vector<std::string>& requests) {
  return Load(options, requests).Run();
}

}  // namespace merle
