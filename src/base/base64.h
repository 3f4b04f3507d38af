// Bytes as base64 text and back (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace merle {

// `bytes` in the standard alphabet, padded with '=' to a multiple of four characters.
std::string EncodeBase64(std::string_view bytes);

// The bytes that `text` stands for: the standard alphabet, padded with '=' to a multiple of four
// characters, without line breaks. Nothing if it is anything else.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace merle
