#include "tokenizers/trie.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"

namespace merle {
namespace {

TEST(TrieTest, EmptyOneFindsNothing) {
  const Trie trie;
  EXPECT_EQ(trie.Find("a"), -1);
  EXPECT_EQ(trie.Find(""), -1);
  EXPECT_EQ(trie.Longest(Trie::kRoot, "abc").value, -1);
}

TEST(TrieTest, LongestKeyWins) {
  const Trie trie({{"a", 1}, {"abc", 2}, {"abcde", 3}});
  const auto match = trie.Longest(Trie::kRoot, "abcdx");
  EXPECT_EQ(match.value, 2);
  EXPECT_EQ(match.bytes, 3u);
}

TEST(TrieTest, StartsFromAnyNode) {
  const Trie trie({{"##a", 1}, {"##ab", 2}, {"a", 3}});
  EXPECT_EQ(trie.Longest(trie.Walk("##"), "abc").value, 2);
  EXPECT_EQ(trie.Walk("#x"), Trie::kNone);
}

TEST(TrieTest, RefusesAKeyTwice) { EXPECT_THROW(Trie({{"a", 1}, {"b", 2}, {"a", 3}}), Error); }

// Against std::map, with all bytes, and with one letter that makes long chains.
TEST(TrieTest, FindsExactlyItsKeys) {
  std::mt19937 random(1);
  for (const int letters : {1, 3, 256}) {
    std::map<std::string, std::int32_t> keys;
    for (int i = 0; i < 3000; ++i) {
      std::string key(1 + random() % (letters == 1 ? 2000 : 8), 'x');
      for (char& c : key) c = static_cast<char>('x' + random() % static_cast<unsigned>(letters));
      keys.emplace(key, i);
    }
    std::vector<Trie::Entry> entries;
    entries.reserve(keys.size());
    for (const auto& [key, value] : keys) entries.push_back({key, value});
    std::shuffle(entries.begin(), entries.end(), random);
    const Trie trie(entries);
    for (const auto& [key, value] : keys) {
      ASSERT_EQ(trie.Find(key), value);
      const std::string longer = key + "y";
      const auto found = keys.find(longer);
      ASSERT_EQ(trie.Find(longer), found == keys.end() ? -1 : found->second);
    }
  }
}

}  // namespace
}  // namespace merle
