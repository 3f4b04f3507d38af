// How a reader of texts learns what a model takes, without knowing models.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

namespace merle {

// What of a text fits into a model: the number of its first characters (code points), or nothing
// if all do. `text` is well-formed UTF-8.
using FitText = std::function<std::optional<std::size_t>(std::string_view text)>;

}  // namespace merle
