#!/usr/bin/env python3
"""Prints src/tokenizers/unicode_class_table.cc, asking the reference package about every code point.

Run it in a venv with tools/requirements-oracle.txt, from the root of the repository:

  python3 tools/make_unicode_table.py |
      clang-format-19 --assume-filename=src/tokenizers/unicode_class_table.cc > TABLE
  mv TABLE src/tokenizers/unicode_class_table.cc

Every run prints the same bytes. How each class shows in the package `tokenizers`:

  kOther        BertNormalizer(clean_text) drops the character. Two exceptions: it turns tab, line feed and
                carriage return into blanks before it asks for their category, so that they come from here
                (ASSUMED_OTHER: they are Cc); and it drops U+FFFD by name, which is no kOther (So).
  kSpace        WhitespaceSplit takes it for a gap.
  kPunctuation  Punctuation makes it a part of its own.
  kNonspacing   BertNormalizer(strip_accents) drops it. That decomposes first, so a character that is no mark
                itself would show as one if it decomposed to nonspacing marks alone; Unicode has none.
  kMark         StripAccents drops it.

Surrogates are no characters of a text and have no class. Not made here are the lists of unicode_class.cc: the
ideographs, which are the ranges of the reference's source, and the exceptions from utf8proc's tables for
lower case, decomposition and \\w. The sweeps of tests/golden/tokenizers and the tests beside the file check those.
"""

import tokenizers
from tokenizers import normalizers, pre_tokenizers

VERSION = "0.23.3"  # As in tools/requirements-oracle.txt.
ASSUMED_OTHER = "\t\n\r"
DROPPED_BY_NAME = "\ufffd"

HEAD = """\
// The classes of the code points that have one, as the reference's tables have them.
// Written by tools/make_unicode_table.py, which asks the reference; don't edit.
#include "tokenizers/unicode_class.h"

#include <cstdint>
#include <span>

namespace merle {
namespace {

constexpr std::uint8_t kO = kOther;
constexpr std::uint8_t kP = kPunctuation;
constexpr std::uint8_t kM = kMark;
constexpr std::uint8_t kNM = kNonspacing | kMark;
constexpr std::uint8_t kW = kSpace;
constexpr std::uint8_t kOW = kOther | kSpace;

// Facts of the Unicode Character Database, version 8 (kO, kP, kN) and 9 (kM): the versions behind
// the reference's crates unicode_categories 0.1.1 and unicode-normalization-alignments 0.1.12. So
// what came to Unicode later has no class here, whatever utf8proc knows of it. kP has all of
// ASCII's !"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~, as the reference asks. The sweep in
// tests/golden/tokenizers checks every row below U+30000 against the reference.
constexpr UnicodeClassRange kRanges[] = {
"""

TAIL = """\
};

}  // namespace

std::span<const UnicodeClassRange> UnicodeClassRanges() noexcept { return kRanges; }

}  // namespace merle
"""


def bert(**steps):
    """BertNormalizer with these steps alone."""
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**(off | steps))


CLEAN = bert(clean_text=True)
STRIP = bert(strip_accents=True)
STRIP_MARKS = normalizers.StripAccents()
SPLIT = pre_tokenizers.WhitespaceSplit()
PUNCTUATION = pre_tokenizers.Punctuation()


def classes(c):
    """Returns the class of a character by its name in the file, or ""."""
    other = c in ASSUMED_OTHER or (c not in DROPPED_BY_NAME and not CLEAN.normalize_str(c))
    space = not SPLIT.pre_tokenize_str(c)
    punctuation = len(PUNCTUATION.pre_tokenize_str(f"x{c}x")) == 3
    nonspacing = not STRIP.normalize_str(c)
    mark = not STRIP_MARKS.normalize_str(c)
    flags = ((other, "O"), (punctuation, "P"), (nonspacing, "N"), (mark, "M"), (space, "W"))
    return "".join(letter for flag, letter in flags if flag)


def ranges():
    """Yields (first, last, class) of the code points that have a class."""
    first, name = 0, ""
    for code in range(0x110001):
        surrogate_or_end = 0xD800 <= code < 0xE000 or code == 0x110000
        found = "" if surrogate_or_end else classes(chr(code))
        if found == name:
            continue
        if name:
            yield first, code - 1, name
        first, name = code, found


def main():
    if tokenizers.__version__ != VERSION:
        raise SystemExit(f"tokenizers is {tokenizers.__version__}, wanted is {VERSION}")
    rows = "".join(f"{{0x{first:04X}, 0x{last:04X}, k{name}}},\n" for first, last, name in ranges())
    print(HEAD + rows + TAIL, end="")


if __name__ == "__main__":
    main()
