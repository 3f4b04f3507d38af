// Errors as replies: the status, and the body that clients of each API expect.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "base/error.h"
#include "server/message.h"
#include "server/routes.h"

namespace merle {

// An error with all that OpenAI's envelope has. `type` and `code` as in OpenAI's API.
class ApiError : public Error {
 public:
  ApiError(int status, std::string_view message, std::string param = {}, std::string code = {},
           std::string type = "invalid_request_error");
  int status() const { return status_; }
  const std::string& param() const { return param_; }  // Empty: null.
  const std::string& code() const { return code_; }    // Empty: null.
  const std::string& type() const { return type_; }

 private:
  int status_;
  std::string param_, code_, type_;
};

// The reply to an exception: ApiError, OverloadedError (429 with Retry-After), Error by its code
// (error.h), anything else 500. Never shows paths or what() of an error that is the server's own
// (500 and more): that goes to the log.
Reply ReplyOfError(const std::exception& error, ErrorShape shape);

// A refusal by status alone, as the server itself makes them.
Reply ReplyOfStatus(int status, std::string_view message, ErrorShape shape);

}  // namespace merle
