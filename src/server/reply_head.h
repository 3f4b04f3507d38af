// The head of a reply, as bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "server/message.h"

namespace merle {

// Status line and headers, with content-length, content-type, date, x-request-id and connection. A
// value can't make a second header: what does not print is escaped. `id` may be empty.
std::string ReplyHead(const Reply& reply, std::string_view id, bool keep_alive);

// Whether replies of that status have a body at all.
bool HasBody(int status);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7).
std::string HttpDate(std::chrono::system_clock::time_point time);

}  // namespace merle
