// Text from files and strangers in messages: printable, on one line, short.
#pragma once

#include <string>
#include <string_view>

namespace merle {

// A copy that prints as it reads: control characters, marks that turn the writing direction or
// can't be seen, and bytes that are not UTF-8 are written as \n, \x1b, \u{202e}. `text` may be
// anything.
std::string Escaped(std::string_view text);

// The same between quotes: 'hello\n'. Of a long text its begin, its end and how long it is:
// 'aaaaaaaa…aaaa' (1048576 bytes).
std::string Quoted(std::string_view text);

}  // namespace merle
