#include "server/base64_floats.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

namespace merle {
namespace {

struct Case {
  const char* name;
  std::vector<std::uint32_t> bits;  // Of the numbers.
  std::string text;                 // From Python: base64.b64encode(struct.pack("<nI", ...)).
};

class Base64 : public testing::TestWithParam<Case> {};

TEST_P(Base64, IsThatOfTheLittleEndianBytes) {
  std::vector<float> numbers;
  for (const std::uint32_t bits : GetParam().bits) numbers.push_back(std::bit_cast<float>(bits));
  EXPECT_EQ(Base64OfFloats(numbers), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, Base64,
    testing::ValuesIn(std::vector<Case>{
        {"None", {}, ""},
        {"One", {0x3F800000}, "AACAPw=="},
        {"TwoNeedOneSign", {0x3F800000, 0xC0000000}, "AACAPwAAAMA="},
        {"ThreeNeedNone", {0x3F800000, 0xC0000000, 0xFFFFFFFF}, "AACAPwAAAMD/////"},
        {"AllOfTheAlphabetsEnd", {0xFBEFBEFB}, "+77v+w=="},
    }),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace merle
