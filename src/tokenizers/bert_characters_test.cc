#include "tokenizers/bert_characters.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "base/test_folder.h"
#include "tokenizers/bert_normalizer.h"

namespace merle {
namespace {

bool Same(const BertCharacters& a, const BertCharacters& b) {
  for (char32_t c = 0; c < BertCharacters::kEnd; ++c) {
    const BertCharacter first = a[c], second = b[c];
    if (std::memcmp(&first, &second, sizeof first) != 0) return false;
  }
  return true;
}

TEST(BertCharactersTest, AreTheSameFromTheCacheUnderEachOption) {
  const TestFolder cache;
  for (int bits = 0; bits < 16; ++bits) {
    const BertNormalizerOptions options = {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0,
                                           (bits & 8) != 0};
    const BertCharacters made(options);
    EXPECT_TRUE(Same(BertCharacters(options, cache.path()), made)) << bits;
    EXPECT_TRUE(BertCharacters::EntryOf(options, cache.path()).Open()) << bits;
    EXPECT_TRUE(Same(BertCharacters(options, cache.path()), made)) << bits;
  }
}

// A table with the right checksum, whose first character is what no table says.
TEST(BertCharactersTest, AreMadeAnewWhereTheyWouldDoHarm) {
  const TestFolder cache;
  const BertCharacters made({});
  const CacheEntry entry = BertCharacters::EntryOf({}, cache.path());
  std::vector<BertCharacter> table;
  table.reserve(BertCharacters::kEnd);
  for (char32_t c = 0; c < BertCharacters::kEnd; ++c) table.push_back(made[c]);
  const auto store = [&] { entry.Store(std::array{std::as_bytes(std::span(table))}); };

  table[0] = BertCharacter{BertCharacter::Kind::kAppend, 1, {'x', 0, 0}};
  store();
  EXPECT_FALSE(Same(BertCharacters({}, cache.path()), made));  // So it is used.

  table[0] =
      BertCharacter{BertCharacter::Kind::kAppend, 4, {'x', 0, 0}};  // More bytes than there are.
  store();
  EXPECT_TRUE(Same(BertCharacters({}, cache.path()), made));

  table[0] = BertCharacter{static_cast<BertCharacter::Kind>(4), 0, {}};
  store();
  EXPECT_TRUE(Same(BertCharacters({}, cache.path()), made));

  table.pop_back();
  store();
  EXPECT_TRUE(Same(BertCharacters({}, cache.path()), made));
}

}  // namespace
}  // namespace merle
