#include "base/format.h"

#include <fmt/format.h>

#include <iterator>
#include <string>

namespace merle {

void AppendFormatArgs(std::string& out, fmt::string_view format, fmt::format_args args) {
  fmt::vformat_to(std::back_inserter(out), format, args);
}

}  // namespace merle
