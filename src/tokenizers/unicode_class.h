// Properties of code points exactly as the reference has them: its tables stand at old versions of
// Unicode, while utf8proc has whichever version the system ships.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace merle {

// Bits that say what a code point is.
enum UnicodeClass : std::uint8_t {
  kOther = 1,        // Cc, Cf, Co. Not Cn: the reference lets unassigned code points stand.
  kPunctuation = 2,  // P* and all ASCII punctuation.
  kNonspacing = 4,   // Mn, Unicode 8.
  kMark = 8,         // M*, Unicode 9.
  kSpace = 16,       // White_Space.
  kIdeograph = 32,   // BERT's "Chinese characters", with the gap that the reference's ranges have.
};

struct UnicodeClassRange {
  char32_t first;
  char32_t last;
  std::uint8_t classes;
};

// Sorted and disjoint; without kIdeograph.
std::span<const UnicodeClassRange> UnicodeClassRanges() noexcept;

// Of the library that knows the cases and decompositions below.
std::string UnicodeLibraryVersion();

// The bits of `c`; 0 for letters, digits, symbols and what is unassigned.
std::uint8_t UnicodeClasses(char32_t c) noexcept;

inline bool HasClass(char32_t c, std::uint8_t classes) noexcept {
  return (UnicodeClasses(c) & classes) != 0;
}

// \w of the reference's regular expressions (Unicode 16): letters, marks, decimal digits, connector
// punctuation, joiners.
bool IsWordCharacter(char32_t c) noexcept;

// One code point as several; at least one.
struct CodePoints {
  static constexpr std::size_t kMost = 18;  // U+FDFA, decomposed for compatibility.
  char32_t values[kMost];
  std::size_t count;

  const char32_t* begin() const { return values; }
  const char32_t* end() const { return values + count; }
};

// The lower case of `c` (Unicode 17): one code point, but two for U+0130.
CodePoints LowerCase(char32_t c) noexcept;

enum class Decomposition { kCanonical, kCompatible };

// The full decomposition of `c` (NFD or NFKD), Unicode 9.
CodePoints Decompose(char32_t c, Decomposition kind) noexcept;

// The canonical combining class, Unicode 9: 0 for a starter.
int CombiningClass(char32_t c) noexcept;

// What `first` and `second` compose to (NFC), Unicode 9; 0 if to nothing.
char32_t Compose(char32_t first, char32_t second) noexcept;

}  // namespace merle
