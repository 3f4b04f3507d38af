#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/format.h"
#include "base/utf8.h"
#include "cli/environment.h"

namespace merle {
namespace {

constexpr std::size_t kWidthWithoutScreen = 80;
constexpr char32_t kZeroWidthJoiner = 0x200D;
constexpr char32_t kEmojiPresentation = 0xFE0F;

std::size_t ScreenWidth(int descriptor) {
  winsize size{};
  // NOLINTNEXTLINE(misc-include-cleaner): TIOCGWINSZ is <sys/ioctl.h>'s, wherever that has it from.
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kWidthWithoutScreen;
  return std::max<std::size_t>(size.ws_col, 40);  // Narrower than this, lines may as well break.
}

bool IsRegionalIndicator(char32_t c) { return c >= 0x1F1E6 && c <= 0x1F1FF; }
bool IsSkinTone(char32_t c) { return c >= 0x1F3FB && c <= 0x1F3FF; }

// The C library's opinion, which is the one that most terminals share. Its tables come with the
// locale C.UTF-8, part of every glibc system; without it, everything is one column wide.
std::size_t CodePointWidth(char32_t c) {
  static const bool kReady = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;
  if (c < 0x7F) return 1;
  if (!kReady) return 1;
  const int width = ::wcwidth(static_cast<wchar_t>(c));
  return width < 0 ? 0 : static_cast<std::size_t>(width);
}

// Walks over the code points of a text and tells how wide it is so far.
class WidthCounter {
 public:
  std::size_t Add(char32_t c) {
    const std::size_t own = CodePointWidth(c);
    if (c == kEmojiPresentation) {
      width_ += last_ == 1 ? 1 : 0;  // "❤" is one column, "❤️" two.
      last_ = 2;
    } else if (joined_ || (IsSkinTone(c) && last_ == 2)) {
      // Part of the emoji before it.
    } else if (IsRegionalIndicator(c)) {
      in_flag_ = !in_flag_;
      width_ += in_flag_ ? 2 : 0;  // Two letters make one flag.
      last_ = 2;
    } else {
      width_ += own;
      if (own > 0) last_ = own;
    }
    if (!IsRegionalIndicator(c)) in_flag_ = false;
    joined_ = c == kZeroWidthJoiner && last_ == 2;
    return width_;
  }

  std::size_t width() const { return width_; }

 private:
  std::size_t width_ = 0;
  std::size_t last_ = 0;  // Width of the last character that has one.
  bool joined_ = false;
  bool in_flag_ = false;
};

// Bytes of the longest beginning of `text` that fits into `width` columns.
std::size_t FittingBytes(std::string_view text, std::size_t width) {
  WidthCounter counter;
  std::size_t offset = 0;
  while (offset < text.size()) {
    const CodePoint c = DecodeUtf8(text, offset);
    if (counter.Add(c.value) > width) break;
    offset += c.bytes;
  }
  return offset;
}

// Bytes of the first line of `text`, broken between words where that is possible. At least one
// character.
std::size_t LineEnd(std::string_view text, std::size_t width) {
  const std::size_t end = FittingBytes(text, width);
  if (end == text.size() || text[end] == ' ') return end;
  const std::size_t blank = text.substr(0, end).rfind(' ');
  if (blank != std::string_view::npos && blank > 0) return blank;
  return end > 0 ? end : DecodeUtf8(text, 0).bytes;
}

}  // namespace

Terminal::Terminal(int descriptor, ColorMode mode)
    : is_screen_(::isatty(descriptor) == 1),
      has_color_(mode == ColorMode::kAlways ||
                 (mode == ColorMode::kAuto && is_screen_ && !EnvironmentForbidsColor())),
      width_(is_screen_ ? ScreenWidth(descriptor) : kWidthWithoutScreen) {}

std::string Terminal::Paint(std::string_view code, std::string_view text) const {
  if (!has_color_ || text.empty()) return std::string(text);
  return Format("\x1b[{}m{}\x1b[0m", code, text);
}

bool StandardInputIsTerminal() { return ::isatty(STDIN_FILENO) == 1; }

std::size_t DisplayWidth(std::string_view text) {
  WidthCounter counter;
  for (std::size_t offset = 0; offset < text.size();) {
    const CodePoint c = DecodeUtf8(text, offset);
    counter.Add(c.value);
    offset += c.bytes;
  }
  return counter.width();
}

std::string OneLine(std::string_view text) {
  const std::string valid = ReplaceInvalidUtf8(text);
  std::string line;
  bool blank_before = true;  // Leading blanks go too.
  for (std::size_t offset = 0; offset < valid.size();) {
    const CodePoint c = DecodeUtf8(valid, offset);
    // C0, DEL and C1 controls, line and paragraph separators, and the marks that reorder a line.
    const bool bidi =
        (c.value >= 0x202A && c.value <= 0x202E) || (c.value >= 0x2066 && c.value <= 0x2069);
    const bool blank = c.value <= 0x20 || (c.value >= 0x7F && c.value <= 0xA0) ||
                       c.value == 0x2028 || c.value == 0x2029 || bidi;
    if (!blank) line.append(valid, offset, c.bytes);
    if (blank && !blank_before) line += ' ';
    blank_before = blank;
    offset += c.bytes;
  }
  if (line.ends_with(' ')) line.pop_back();
  return line;
}

std::string Ellipsize(std::string_view text, std::size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  std::string begin(text.substr(0, FittingBytes(text, width == 0 ? 0 : width - 1)));
  while (begin.ends_with(' ')) begin.pop_back();
  return begin + "…";
}

std::string PadRight(std::string_view text, std::size_t width) {
  const std::size_t own = DisplayWidth(text);
  return std::string(text) + std::string(width > own ? width - own : 0, ' ');
}

std::string PadLeft(std::string_view text, std::size_t width) {
  const std::size_t own = DisplayWidth(text);
  return std::string(width > own ? width - own : 0, ' ') + std::string(text);
}

std::string Wrap(std::string_view text, std::size_t width, std::size_t indent,
                 std::size_t max_lines) {
  const std::string margin(indent, ' ');
  const std::size_t room = width > indent + 10 ? width - indent : 10;
  std::string wrapped;
  for (std::size_t line = 1; line <= max_lines && !text.empty(); ++line) {
    const bool cut = line == max_lines && DisplayWidth(text) > room;
    const std::size_t end = LineEnd(text, cut ? room - 1 : room);
    wrapped += margin + std::string(text.substr(0, end)) + (cut ? "…\n" : "\n");
    text.remove_prefix(end);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  return wrapped;
}

std::string Bar(double share, std::size_t width) {
  static constexpr std::array<const char*, 8> kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const double clamped = std::clamp(share, 0.0, 1.0);
  const auto eighths =
      static_cast<std::size_t>(std::lround(clamped * 8 * static_cast<double>(width)));
  std::string bar;
  for (std::size_t i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kEighths[eighths % 8];
}

std::string WithCommas(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, ",");
  return digits;
}

std::string HumanBytes(std::size_t bytes) {
  static constexpr std::array<const char*, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= 999.5 && unit + 1 < kUnits.size()) {
    amount /= 1000;
    ++unit;
  }
  return unit == 0 ? Format("{} B", bytes)
                   : Format("{:.{}f} {}", amount, amount < 99.95 ? 1 : 0, kUnits[unit]);
}

}  // namespace merle
