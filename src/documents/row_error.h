// Errors that name the file and the line, and say what to do about them.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.h"

namespace merle {

// Throws Error with "path:line: problem"; without the line where it is 0.
[[noreturn]] void FailRow(ErrorCode code, std::string_view path, std::size_t line,
                          std::string_view problem);

// Throws kInvalidArgument if `text` is not well-formed UTF-8, with the byte and how to convert it.
void CheckRowUtf8(std::string_view text, std::string_view path, std::size_t line);

}  // namespace merle
