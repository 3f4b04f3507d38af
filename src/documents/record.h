// One text of an input, and where it stood.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace merle {

// What may stand around a text; one of nothing else is blank.
inline constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";

// Texts are well-formed UTF-8.
struct Record {
  std::string text;
  std::string id;             // From the id field; empty if there was none.
  std::string path;           // Of its file; "standard input" for `-`.
  std::size_t line = 0;       // Where it starts in the file, from 1. 0 for a whole file.
  std::size_t last_line = 0;  // Where it ends, inclusive.
  std::size_t row = 0;        // Of all inputs together, from 0; rows that were left out count too.
  std::vector<std::string> extra;  // The extra fields that were asked for, in that order.
};

}  // namespace merle
