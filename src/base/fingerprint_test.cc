#include "base/fingerprint.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

namespace merle {
namespace {

// Test vectors of the FNV reference code.
TEST(FingerprintTest, IsThatOfTheReference) {
  struct Row {
    std::string_view bytes;
    std::uint64_t value;
  };
  for (const Row& row : {Row{"", 0xcbf29ce484222325}, Row{"a", 0xaf63dc4c8601ec8c},
                         Row{"foobar", 0x85944171f73967e8}}) {
    Fingerprint whole;
    whole.Add(row.bytes);
    EXPECT_EQ(whole.value(), row.value) << row.bytes;
  }
}

TEST(FingerprintTest, GoesOnFromItsValue) {
  Fingerprint first, whole;
  first.Add("foo");
  Fingerprint second(first.value());
  second.Add("bar");
  whole.Add("foobar");
  EXPECT_EQ(second, whole);
}

TEST(FingerprintTest, ANumberIsItsEightBytes) {
  Fingerprint number, bytes;
  number.Add(0x6867666564636261);
  bytes.Add("abcdefgh");
  EXPECT_EQ(number, bytes);
}

}  // namespace
}  // namespace merle
