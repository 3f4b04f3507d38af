// Format("{} of {}", a, b): text from values, checked at compile time.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

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

// The elements of `range`, each convertible to string_view, with `separator` between them.
template <typename Range>
std::string Join(const Range& range, std::string_view separator) {
  std::string out;
  bool first = true;
  for (const auto& element : range) {
    if (!std::exchange(first, false)) out += separator;
    out += std::string_view(element);
  }
  return out;
}

}  // namespace merle
