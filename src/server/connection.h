// One client's connection: requests in, replies out, one at a time, with a limit for everything.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "server/body_reader.h"
#include "server/http_head.h"
#include "server/http_server.h"
#include "server/mailbox.h"
#include "server/message.h"
#include "server/request_head.h"
#include "server/stream.h"
#include "server/under_way.h"

namespace merle {

class Connection;

// What the connections of a server share. Used in the server's thread only.
struct Connections {
  const HttpLimits limits;
  const HttpHandlers handlers;
  boost::asio::io_context& context;
  boost::asio::ssl::context* tls;          // Null: no TLS.
  const std::shared_ptr<Mailbox> mailbox;  // Shared with the replies to come.
  const std::shared_ptr<Load> load;        // Likewise.
  const std::function<void()> closed;      // Called when one is gone.

  bool draining = false;
  std::unordered_set<Connection*> open = {};
  std::unordered_map<std::string, std::size_t> per_address = {};
  std::size_t turned_away = 0;  // Of `open`: those that only get a refusal.
};

// Lives as long as something is to come for it: bytes, the end of a wait, a reply.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // address: by which connections are counted, or empty.
  Connection(Connections& all, Stream::Socket socket, std::string peer, std::string address);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Start();
  void TurnAway();  // Instead of Start, where there are too many: 503.
  void Drain();     // No new request from it.
  void Close();
  // Whether a request has come, or begun to, that has no reply yet.
  bool IsBusy() const;

 private:
  enum class Phase { kHandshake, kHead, kBody, kWork, kWrite, kLinger, kClosed };
  enum class Then { kBody, kNextRequest, kLinger };  // Behind what is being written.
  using Clock = std::chrono::steady_clock;

  void Arm(double seconds);
  void OnTime();
  void Read();
  void OnRead(const ErrorOfSystem& error, std::size_t bytes);

  void NextRequest();
  void TakeHead();
  void Judge();
  std::optional<Reply> Admit();
  void BeginBody();
  void TakeBody();
  double BodySeconds() const;
  void Work();
  Respond MakeRespond(std::size_t body_bytes);
  void TakeReply(std::uint64_t serial, Reply reply);

  Reply MakeRefusal(int status, const std::string& message) const;
  void Refuse(int status, const std::string& message, bool close);
  void Send(Reply reply, bool keep_alive);
  void Write();
  void OnWritten(const ErrorOfSystem& error, std::size_t bytes);
  void Finish(int status);
  void Abandon();
  void Vanish();
  void Linger();
  void EndTls();
  void Unregister();

  Connections& all_;
  Stream stream_;
  boost::asio::steady_timer timer_;
  const std::string peer_, address_;
  bool turned_away_ = false;

  Phase phase_;
  std::array<char, 16384> chunk_;  // Where reads go; what they bring is moved to input_.
  std::string input_;              // Come, but not yet taken.
  bool reading_ = false;
  bool end_of_input_ = false;
  bool tls_ended_ = false;
  std::size_t lingered_ = 0;  // Bytes dropped behind the last reply.

  // The request under way.
  Clock::time_point start_, body_start_;
  bool started_ = false;  // Its first byte has come.
  std::optional<HeadScanner> scanner_;
  Head head_;
  std::optional<BodyReader> body_;
  std::size_t body_received_ = 0;  // Bytes, with those between chunks.
  Share body_share_;
  std::uint64_t serial_ = 0;  // Of requests: replies to earlier ones come too late.
  std::shared_ptr<std::atomic<bool>> abandoned_;
  Exchange exchange_;

  // The reply.
  std::string out_head_, out_body_;
  std::size_t written_ = 0;
  Then then_ = Then::kNextRequest;
};

}  // namespace merle
