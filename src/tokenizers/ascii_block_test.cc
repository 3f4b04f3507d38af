#include "tokenizers/ascii_block.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace merle {
namespace {

bool IsWordByte(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

std::string Text(const AsciiBlock& block) {
  std::string text(AsciiBlock::kBytes, ' ');
  block.Store(text.data());
  return text;
}

// Every byte at every place, behind bytes that belong to words.
TEST(AsciiBlockTest, CountsTheBytesOfTheWord) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t place = 0; place < AsciiBlock::kBytes; ++place) {
      std::string text = "aZ09zAmM5aZ09zAm";
      text[place] = static_cast<char>(byte);
      const bool belongs = IsWordByte(static_cast<unsigned char>(byte));
      EXPECT_EQ(AsciiBlock(text.data()).WordBytes(), belongs ? AsciiBlock::kBytes : place) << byte;
    }
  }
}

TEST(AsciiBlockTest, LowersCapitalsAlone) {
  for (int first = 0; first < 256; first += static_cast<int>(AsciiBlock::kBytes)) {
    std::string text, lower;
    for (int byte = first; byte < first + static_cast<int>(AsciiBlock::kBytes); ++byte) {
      text += static_cast<char>(byte);
      lower += static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
    }
    AsciiBlock block(text.data());
    block.Lower(0);
    EXPECT_EQ(Text(block), text);
    block.Lower(0x20);
    EXPECT_EQ(Text(block), lower);
  }
}

TEST(AsciiBlockTest, KeepsSoManyBytes) {
  const std::string text = "abcdefghijklmnop";
  for (std::size_t count = 0; count <= AsciiBlock::kBytes; ++count) {
    AsciiBlock block(text.data());
    block.Keep(count);
    EXPECT_EQ(Text(block), text.substr(0, count) + std::string(AsciiBlock::kBytes - count, '\0'));
  }
}

TEST(AsciiBlockTest, GivesItsHalves) {
  const AsciiBlock block("\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\3");
  EXPECT_EQ(block.Half(0), 1u);
  EXPECT_EQ(block.Half(1), 0x0300000000000002u);
}

}  // namespace
}  // namespace merle
