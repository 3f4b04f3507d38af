// Bytes from base64 text (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace merle {

// The bytes that `text` stands for: the standard alphabet, padded with '=' to a multiple of four
// characters, without line breaks. Nothing if it is anything else.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace merle
