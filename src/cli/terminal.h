// What the command knows about the screen: whether there is one, its width, colour, aligned text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace merle {

enum class ColorMode { kAuto, kAlways, kNever };

// How text gets its looks on one stream. Immutable.
class Terminal {
 public:
  // `descriptor` is 1 for standard output, 2 for standard error. Under kAuto there is colour on a
  // screen unless the environment forbids it.
  Terminal(int descriptor, ColorMode mode);

  bool is_screen() const { return is_screen_; }
  bool has_color() const { return has_color_; }
  // Columns to write in: the screen's width, or 80 where there is no screen.
  std::size_t width() const { return width_; }

  // `text` in this look, or as it is without colour.
  std::string Bold(std::string_view text) const { return Paint("1", text); }
  std::string Dim(std::string_view text) const { return Paint("2", text); }
  std::string Accent(std::string_view text) const { return Paint("36", text); }     // Cyan.
  std::string Good(std::string_view text) const { return Paint("32", text); }       // Green.
  std::string Warning(std::string_view text) const { return Paint("33", text); }    // Yellow.
  std::string Failure(std::string_view text) const { return Paint("1;31", text); }  // Bold red.

 private:
  std::string Paint(std::string_view code, std::string_view text) const;

  bool is_screen_;
  bool has_color_;
  std::size_t width_;
};

// Puts the cursor at the start of its line and takes away what stands there.
inline constexpr std::string_view kEraseLine = "\r\x1b[K";

// True if a person types into standard input.
bool StandardInputIsTerminal();

// Columns that well-formed UTF-8 takes on a screen: 2 for East Asian wide characters and emoji, 0
// for combining marks; an emoji sequence counts as one emoji.
std::size_t DisplayWidth(std::string_view text);

// One line that is safe to show: each run of blanks, line ends and control characters becomes one
// blank, ill-formed UTF-8 becomes U+FFFD. So no text can move the cursor or change the colours.
std::string OneLine(std::string_view text);

// `text` if it fits into `width` columns, else its beginning and "…".
std::string Ellipsize(std::string_view text, std::size_t width);

// `text` with blanks after it, or before it, up to `width` columns. Longer text stays as it is.
std::string PadRight(std::string_view text, std::size_t width);
std::string PadLeft(std::string_view text, std::size_t width);

// The words of `text` in lines of at most `width` columns, each after `indent` blanks, at most
// `max_lines` of them; what does not fit ends in "…". Each line ends in "\n".
std::string Wrap(std::string_view text, std::size_t width, std::size_t indent,
                 std::size_t max_lines);

// A bar of at most `width` columns, as long as `share` in [0, 1] of them, in eighths of a column.
std::string Bar(double share, std::size_t width);

// 1234567 as "1,234,567".
std::string WithCommas(std::size_t number);

// Bytes as a person says them: "90.9 MB".
std::string HumanBytes(std::size_t bytes);

}  // namespace merle
