// The manual page merle(1), made from the tables of commands and flags.
#pragma once

#include <string>
#include <string_view>

namespace merle {

// The page in the language of man: roff with the man macros, ASCII only.
std::string ManualText();

// `text`, one line of well-formed UTF-8, so that man shows each character as it is.
std::string EscapeRoff(std::string_view text);

}  // namespace merle
