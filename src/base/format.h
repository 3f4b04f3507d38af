// Format("{} of {}", a, b): text from values, checked at compile time.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace merle {

// As std::format, which GCC 12 lacks.
template <typename... Args>
std::string Format(fmt::format_string<Args...> format, Args&&... args) {
  return fmt::format(format, std::forward<Args>(args)...);
}

// Appends to `out` what Format would return.
template <typename... Args>
void AppendFormat(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

}  // namespace merle
