// The head of an HTTP/1.1 reply, as much of it as a load generator needs.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace merle {

struct ReplyHead {
  int status;
  std::size_t bytes;  // Of head and body together.
  bool close;         // The server says that the connection ends behind it.
};

// Returns nothing while the head in `bytes` is incomplete. Throws kDataLoss for what is no HTTP/1.1
// reply with a Content-Length.
std::optional<ReplyHead> ReadReplyHead(std::string_view bytes);

}  // namespace merle
