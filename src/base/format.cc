#define FMT_HEADER_ONLY  // This file alone holds fmt's code.
#include "base/format.h"

#include <fmt/format.h>

#include <iterator>

namespace merle {

void AppendFormatArgs(std::string& out, fmt::string_view format, fmt::format_args args) {
  fmt::vformat_to(std::back_inserter(out), format, args);
}

}  // namespace merle
