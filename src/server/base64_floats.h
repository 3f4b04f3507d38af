// Numbers as base64 text: `encoding_format` "base64" of OpenAI's API.
#pragma once

#include <span>
#include <string>

namespace merle {

// The bytes of the float32 numbers, little-endian, in the standard alphabet, padded with '=' (RFC
// 4648, section 4).
std::string Base64OfFloats(std::span<const float> numbers);

}  // namespace merle
