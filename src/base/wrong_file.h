// Knows files that are something else than their name says.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"

namespace merle {

struct WrongFile {
  std::string_view says;  // What it is and what to do: "is a web page; download the file again".
  ErrorCode code;         // kDataLoss, or kUnimplemented for a format that Merle does not read.
};

// What a file in a model's folder is by its first bytes, if that is none of the files that Merle
// reads there but one that is often found in their place: what a download that failed leaves, and
// formats that run code. kWrongFileHead bytes are enough.
std::optional<WrongFile> RecognizeWrongFile(std::string_view head);
inline constexpr std::size_t kWrongFileHead = 64;

}  // namespace merle
