#include "tokenizers/vocabulary.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cache_entry.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizers/model.h"
#include "tokenizers/short_words.h"
#include "tokenizers/wordpiece.h"

namespace merle {
namespace {

const std::vector<Vocabulary::Token> kTokens = {{"[UNK]", 0}, {"a", 1},     {"b", 2}, {"##b", 3},
                                                {"é", 4},     {"##é中", 6}, {"", 7},  {"word1", 8}};

// The vocabulary of fields as an entry of a cache holds them, whoever stored them there.
class Taken {
 public:
  explicit Taken(std::span<const std::span<const std::byte>> fields) {
    for (const auto& field : fields) {
      const std::size_t size = field.size(), at = file_.size();
      file_.resize(at + 1 + (size + 63) / 64);
      std::memcpy(static_cast<void*>(&file_[at]), &size, sizeof size);
      if (size > 0) std::memcpy(static_cast<void*>(&file_[at + 1]), field.data(), size);
    }
    CachedFields stored(nullptr, std::as_bytes(std::span<const Block>(file_)));
    vocabulary_ = Vocabulary::FromFields(stored);
  }

  explicit operator bool() const { return vocabulary_.has_value(); }
  const Vocabulary* operator->() const { return &*vocabulary_; }
  const Vocabulary& operator*() const { return *vocabulary_; }

 private:
  struct alignas(64) Block {
    std::array<std::byte, 64> bytes{};
  };
  std::vector<Block> file_;
  std::optional<Vocabulary> vocabulary_;
};

ShortWords::Key KeyOf(std::string_view word) {
  std::uint64_t halves[2] = {};
  std::memcpy(halves, word.data(), word.size());
  return ShortWords::KeyOf(halves[0], halves[1], word.size());
}

TEST(VocabularyTest, IsTheSameFromItsFields) {
  const Vocabulary vocabulary(kTokens);
  const Taken taken(vocabulary.Fields());
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->size(), kTokens.size());
  EXPECT_EQ(taken->id_limit(), 9u);
  EXPECT_FALSE(taken->TokenOf(5));
  for (const auto& [text, id] : kTokens) {
    EXPECT_EQ(taken->IdOf(text), id) << text;
    EXPECT_EQ(taken->TokenOf(id), text);
  }
  EXPECT_EQ(taken->short_words().Find(KeyOf("word1")), 8);
  EXPECT_EQ(taken->short_words().Find(KeyOf("[UNK]")), -1);
}

// Whatever a vocabulary from a file says, it says only what one can say.
void UseAll(const Vocabulary& vocabulary) {
  const auto limit = static_cast<std::int32_t>(vocabulary.id_limit());
  for (std::int32_t id = -1; id <= limit; ++id) {
    const auto token = vocabulary.TokenOf(id);
    EXPECT_FALSE(token && FindInvalidUtf8(*token));
  }
  const WordPiece model(vocabulary, {.unk_token = ""});
  for (const std::string word : {"a", "abb", "abé中b", "word1", "x", "[UNK]", "\xFF\xFE"}) {
    std::vector<Token> tokens;
    model.Tokenize(word, tokens);
    for (const Token& token : tokens) {
      EXPECT_TRUE(token.id >= 0 && token.id < limit && token.end <= word.size());
    }
    if (word.size() <= ShortWords::kMostBytes) {
      EXPECT_LT(vocabulary.short_words().Find(KeyOf(word)), limit);
    }
  }
}

TEST(VocabularyTest, ForgedFieldsAreRefusedOrDoNoHarm) {
  const Vocabulary vocabulary(kTokens);
  std::size_t refused = 0, taken = 0;
  for (std::size_t f = 0; f < 4; ++f) {
    auto fields = vocabulary.Fields();
    std::vector<std::byte> forged(fields[f].begin(), fields[f].end());
    fields[f] = forged;
    for (std::size_t bit = 0; bit < 8 * forged.size(); ++bit) {
      const auto mask = std::byte{1} << bit % 8;
      forged[bit / 8] ^= mask;
      try {
        const Taken forgery(fields);
        if (forgery) UseAll(*forgery);
        ++(forgery ? taken : refused);
      } catch (const Error&) {
        ++refused;  // The unknown token is not there.
      }
      forged[bit / 8] ^= mask;
    }
  }
  EXPECT_GT(refused, 100u);
  EXPECT_GT(taken, 100u);
}

TEST(VocabularyTest, RefusesFieldsThatLeadOutOfTheTables) {
  struct Row {
    const char* name;
    std::size_t field;
    std::size_t at;  // Of a number of 4 bytes.
    std::int32_t value;
  };
  const Row rows[] = {
      {"a token that is no UTF-8", 0, 0, -1},
      {"a token that begins behind the text", 1, 0, 1 << 20},
      {"a token that ends behind the text", 1, 4, 1 << 20},
      {"a token that wraps around", 1, 0, -2},
      {"a token that cuts a character", 1, 8 * 4 + 4, 1},
      {"children behind the last node", 2, 0, 256},
      {"a value that is no id", 2, 8, 9},
      {"a negative value", 2, 8, -2},
      {"a word that has no id", 3, 12, 9},
      {"a negative id", 3, 12, -2},
  };
  for (const Row& row : rows) {
    const Vocabulary vocabulary(kTokens);
    auto fields = vocabulary.Fields();
    std::vector<std::byte> forged(fields[row.field].begin(), fields[row.field].end());
    fields[row.field] = forged;
    ASSERT_TRUE(Taken(fields)) << row.name;
    std::memcpy(forged.data() + row.at, &row.value, sizeof row.value);
    EXPECT_FALSE(Taken(fields)) << row.name;
  }
}

TEST(VocabularyTest, RefusesTablesOfOtherSizes) {
  const Vocabulary vocabulary(kTokens);
  for (std::size_t f = 0; f < 4; ++f) {
    for (const std::size_t less : {1u, 4u, 16u, 24u}) {
      auto fields = vocabulary.Fields();
      fields[f] = fields[f].first(fields[f].size() - less);
      EXPECT_FALSE(Taken(fields)) << f << " " << less;
    }
    auto fields = vocabulary.Fields();
    fields[f] = {};
    EXPECT_FALSE(Taken(fields)) << f;
    fields.resize(f);
    EXPECT_FALSE(Taken(fields)) << f;
  }
}

}  // namespace
}  // namespace merle
