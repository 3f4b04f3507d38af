#include "base/byte_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string_view>

#include "base/error_matcher.h"

namespace merle {
namespace {

constexpr std::string_view kBytes = "\x01\x02\xFF\x04\x05\x06\x07\x88xyz";

TEST(ByteReaderTest, ReadsLittleEndianIntegersAndTexts) {
  ByteReader reader(kBytes, "file");
  EXPECT_EQ(reader.Unsigned(1), 0x01u);
  EXPECT_EQ(reader.Unsigned(2), 0xFF02u);
  EXPECT_EQ(reader.Unsigned(4), 0x07060504u);
  EXPECT_EQ(reader.Bytes(2), "\x88x");
  EXPECT_EQ(reader.position(), 9u);
  EXPECT_EQ(reader.left(), 2u);
  EXPECT_EQ(reader.Bytes(0), "");
  EXPECT_EQ(ByteReader(kBytes, "file").Unsigned(8), 0x88070605'04FF0201u);
}

TEST(ByteReaderTest, NeverReadsBeyondTheEnd) {
  for (const std::size_t size : {std::size_t{12}, ~std::size_t{0}, ~std::size_t{0} - 5}) {
    ByteReader reader(kBytes, "file");
    reader.Bytes(6);
    EXPECT_THAT([&] { reader.Bytes(size); },
                ThrowsError(ErrorCode::kDataLoss, testing::StartsWith("file: is cut off")));
    EXPECT_EQ(reader.position(), 6u);  // As before.
  }
  ByteReader reader(kBytes.substr(0, 7), "file");
  EXPECT_THROW(reader.Unsigned(8), Error);
  EXPECT_THROW(ByteReader("", "file").Unsigned(1), Error);
}

}  // namespace
}  // namespace merle
