// What names a request in logs: its own id, and that of the trace it belongs to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace merle {

// Whether a client's x-request-id is 1 to 64 letters, digits and "-_.": it is sent back and logged.
bool IsRequestId(std::string_view id);

// 32 random hexadecimal digits. Not for several threads at once.
std::string NewRequestId();

// The trace id of a header traceparent (W3C Trace Context, section 3.2): 32 hexadecimal digits.
// Empty where it is invalid.
std::string TraceId(std::string_view traceparent);

}  // namespace merle
