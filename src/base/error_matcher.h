// For tests: a gMock matcher of calls that throw an Error.
#pragma once

#include <gmock/gmock.h>

#include <exception>
#include <ostream>
#include <string>

#include "base/error.h"  // IWYU pragma: export

namespace merle {

// Shows codes by name where an expectation fails.
inline void PrintTo(ErrorCode code, std::ostream* out) { *out << ErrorCodeName(code); }

// EXPECT_THAT([&] { Open("none"); }, ThrowsError(ErrorCode::kNotFound, HasSubstr("none")));
inline auto ThrowsError(ErrorCode code,
                        const testing::Matcher<std::string>& message = testing::An<std::string>()) {
  return testing::Throws<Error>(
      testing::AllOf(testing::Property("code", &Error::code, code),
                     testing::Property("what", &std::exception::what, message)));
}

}  // namespace merle
