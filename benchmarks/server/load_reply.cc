#include "server/load_reply.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/format.h"

namespace merle {
namespace {

bool StartsWith(std::string_view line, std::string_view lower_case) {
  return line.size() >= lower_case.size() &&
         std::equal(lower_case.begin(), lower_case.end(), line.begin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

std::size_t NumberIn(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::size_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) {
    throw Error(ErrorCode::kDataLoss, Format("the server's reply has '{}' for a number", text));
  }
  return number;
}

}  // namespace

std::optional<ReplyHead> ReadReplyHead(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == bytes.npos) return std::nullopt;
  if (!bytes.starts_with("HTTP/1.1 ")) {
    throw Error(ErrorCode::kDataLoss, "the server's reply is not HTTP/1.1");
  }
  ReplyHead head{
      .status = static_cast<int>(NumberIn(bytes.substr(9, 3))), .bytes = 0, .close = false};
  std::size_t next = 0;
  for (std::size_t line = 0; line < end; line = next + 2) {
    next = bytes.find("\r\n", line);
    const std::string_view header = bytes.substr(line, next - line);
    if (StartsWith(header, "content-length:")) head.bytes = end + 4 + NumberIn(header.substr(15));
    if (StartsWith(header, "connection: close")) head.close = true;
  }
  if (head.bytes == 0) {
    throw Error(ErrorCode::kDataLoss, "the server's reply has no Content-Length");
  }
  return head;
}

}  // namespace merle
