// Which sources have prepared a tokenizer's tables.
#pragma once

namespace merle {

// A hash of the sources that make or read the tables, in hexadecimal digits.
// src/tokenizers/CMakeLists.txt lists them, and the build defines it.
extern const char* const kTablesVersion;

}  // namespace merle
