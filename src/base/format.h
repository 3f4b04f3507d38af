// Format("{} of {}", a, b): text from values, checked at compile time.
#pragma once

#include <fmt/core.h>

#include <string>

namespace merle {

// What Format and AppendFormat do with their arguments. Compiled once, in format.cc: the whole of
// fmt in every file would cost each three seconds of compiling.
void AppendFormatArgs(std::string& out, fmt::string_view format, fmt::format_args args);

// As std::format, which GCC 12 lacks.
template <typename... Args>
std::string Format(fmt::format_string<Args...> format, Args&&... args) {
  std::string out;
  AppendFormatArgs(out, format, fmt::make_format_args(args...));
  return out;
}

// Appends to `out` what Format would return.
template <typename... Args>
void AppendFormat(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
  AppendFormatArgs(out, format, fmt::make_format_args(args...));
}

}  // namespace merle
