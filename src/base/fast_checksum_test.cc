#include "base/fast_checksum.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace merle {
namespace {

std::uint64_t Of(std::string_view bytes) {
  FastChecksum checksum;
  checksum.Add(bytes);
  return checksum.value();
}

TEST(FastChecksum, IsThatOfTheBytesHoweverTheyCome) {
  std::string bytes;
  for (int i = 0; i < 200; ++i) bytes += static_cast<char>(i * 37);
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    FastChecksum checksum;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      checksum.Add(std::string_view(bytes).substr(at, step));
      checksum.Add("");
    }
    EXPECT_EQ(checksum.value(), Of(bytes)) << step;
  }
}

TEST(FastChecksum, SeesEveryChangeOfAByteAndOfTheLength) {
  const std::string bytes(100, '\0');
  std::set<std::uint64_t> values = {Of(bytes)};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = 1;
    values.insert(Of(changed));
    values.insert(Of(bytes.substr(0, i)));
  }
  EXPECT_EQ(values.size(), 2 * bytes.size() + 1);
}

}  // namespace
}  // namespace merle
