// The one exception type of the library, and what its codes ask of the caller.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace merle {

// What the caller can do about it decides the code. Beside it: HTTP status, Python exception.
enum class ErrorCode {
  kInvalidArgument,     // Change the argument; it is wrong in any state.   400  ValueError
  kNotFound,            // Name something that exists.                      404  KeyError
  kAlreadyExists,       // Choose another name or id.                       409  ValueError
  kFailedPrecondition,  // Change the state first (dim of the collection).  409  RuntimeError
  kResourceExhausted,   // Send less (413) or later (429).                  4xx  RuntimeError
  kUnavailable,         // Try again: the network or a server is down.      503  ConnectionError
  kDataLoss,            // Restore the file: it is corrupt or truncated.    500  RuntimeError
  kIoError,             // Free or repair the disk: full, or a call failed. 507  OSError
  kUnimplemented,       // Use a model, option or version that we know.     501  NotImplementedError
};

// The code's name without the k, in snake case: "invalid_argument".
std::string_view ErrorCodeName(ErrorCode code) noexcept;

// The one exception type that the library throws. what() is one line of UTF-8, of at most 2,000
// bytes, whatever stands in the names of a file: it is Escaped (base/quote.h), and what is too long
// loses its middle.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, std::string_view message);
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace merle
