#include "tokenizers/short_words.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace merle {
namespace {

ShortWords::Key KeyOf(std::string_view word) {
  std::uint64_t halves[2] = {};
  std::memcpy(halves, word.data(), word.size());
  return ShortWords::KeyOf(halves[0], halves[1], word.size());
}

TEST(ShortWordsTest, EmptyOneFindsNothing) { EXPECT_EQ(ShortWords({}).Find(KeyOf("a")), -1); }

TEST(ShortWordsTest, TellsLengthsApart) {
  using std::string_view_literals::operator""sv;
  const std::vector<ShortWords::Entry> entries = {
      {"a", 1}, {"a\0"sv, 2}, {"abcdefgh", 3}, {"abcdefghi", 4}, {"abcdefghijk", 5}};
  const ShortWords words(entries);
  for (const auto& [word, id] : entries) EXPECT_EQ(words.Find(KeyOf(word)), id) << word;
  EXPECT_EQ(words.Find(KeyOf("a\0\0"sv)), -1);
  EXPECT_EQ(words.Find(KeyOf("abcdefg")), -1);
  EXPECT_EQ(words.Find(KeyOf("abcdefghij")), -1);
}

TEST(ShortWordsTest, LeavesOutWhatIsNoShortWord) {
  const ShortWords words(std::vector<ShortWords::Entry>{{"", 1}, {"abcdefghijkl", 2}, {"b", 3}});
  EXPECT_EQ(words.Find(KeyOf("abcdefghijk")), -1);
  EXPECT_EQ(words.Find(KeyOf("b")), 3);
}

// As many words as a vocabulary has: nearly all of them have a slot, and no other has their id.
TEST(ShortWordsTest, FindsItsWords) {
  std::mt19937 random(3);
  const auto random_word = [&] {
    std::string word(1 + random() % ShortWords::kMostBytes, 'a');
    for (char& c : word) c = static_cast<char>('a' + random() % 26);
    return word;
  };
  std::map<std::string, std::int32_t> ids;
  for (std::int32_t i = 0; i < 30000; ++i) ids.emplace(random_word(), i);
  std::vector<ShortWords::Entry> entries;
  entries.reserve(ids.size());
  for (const auto& [word, id] : ids) entries.push_back({word, id});
  const ShortWords words(entries);
  std::size_t missing = 0;
  for (const auto& [word, id] : ids) {
    const std::int32_t found = words.Find(KeyOf(word));
    missing += found == -1 ? 1 : 0;
    EXPECT_TRUE(found == id || found == -1);
  }
  EXPECT_LT(missing, ids.size() / 1000);
  for (int i = 0; i < 30000; ++i) {
    const std::string word = random_word();
    if (ids.contains(word)) continue;
    EXPECT_EQ(words.Find(KeyOf(word)), -1) << word;
  }
}

// Words of 8 bytes whose products have zeros on top, so that all belong into the first slot.
TEST(ShortWordsTest, StaysFastWithWordsMadeToMeet) {
  constexpr std::uint64_t kMultiplier = 0xD6E8FEB86659FD93u;  // That of the table.
  std::uint64_t inverse = kMultiplier;  // Newton's method doubles the bits that are right, from 3.
  for (int i = 0; i < 5; ++i) inverse *= 2 - kMultiplier * inverse;
  const std::uint64_t of_length = (std::uint64_t{8} << 24) * 0x9E3779B97F4A7C15u;
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    const std::uint64_t word = (i - of_length) * inverse;
    texts.emplace_back(reinterpret_cast<const char*>(&word), sizeof word);
  }
  std::vector<ShortWords::Entry> entries;
  entries.reserve(texts.size());
  for (const std::string& text : texts) {
    entries.push_back({text, static_cast<std::int32_t>(entries.size())});
  }
  const ShortWords words(entries);  // Would take minutes if it looked at all of them.
  EXPECT_EQ(words.Find(KeyOf(texts[0])), 0);
  EXPECT_EQ(words.Find(KeyOf(texts.back())), -1);
}

}  // namespace
}  // namespace merle
