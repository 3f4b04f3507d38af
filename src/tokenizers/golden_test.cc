// Compares with what the reference answered: every folder of tests/golden/tokenizers. The head of
// tools/make_golden.py describes the files.
#include "base/golden_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/test_folder.h"
#include "base/utf8.h"
#include "tokenizers/aligned_text.h"
#include "tokenizers/normalizers.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

const std::string kFolder = MERLE_SOURCE_DIR "/tests/golden/tokenizers/";

// The reference's token text has the white space that an added token took with it; TokenOf has not.
std::string ReadToken(const JsonValue& json) {
  AlignedText token(0, false);
  token.AppendOriginal(json.AsString(), 0);
  Strip(true, true).Normalize(token);
  return std::string(token.text());
}

template <typename Read>
auto ReadList(const JsonValue& json, Read&& read) {
  std::vector<decltype(read(json))> out;
  for (const JsonValue& element : json.Elements()) out.push_back(read(element));
  return out;
}

std::vector<std::int32_t> ReadIntegers(const JsonValue& json) {
  return ReadList(json,
                  [](const JsonValue& v) { return static_cast<std::int32_t>(v.AsInteger()); });
}

std::vector<Offset> ReadOffsets(const JsonValue& json) {
  return ReadList(json, [](const JsonValue& v) {
    const auto pair = ReadIntegers(v);
    return Offset{static_cast<std::uint32_t>(pair.at(0)), static_cast<std::uint32_t>(pair.at(1))};
  });
}

EncodeOptions ReadOptions(const JsonValue& json) {
  EncodeOptions options;
  options.add_special_tokens = json.At("add_special_tokens").AsBool();
  if (const auto length = json.Find("max_length")) {
    options.max_length = static_cast<std::size_t>(length->AsInteger());
  }
  const std::string_view strategy = json.At("strategy").AsString();
  options.truncation = strategy == "longest_first" ? Truncation::kLongestFirst
                       : strategy == "only_first"  ? Truncation::kOnlyFirst
                                                   : Truncation::kOnlySecond;
  options.truncation_side = json.At("side").AsString() == "left" ? Side::kLeft : Side::kRight;
  return options;
}

std::vector<std::string> Tokens(const Tokenizer& tokenizer, const Encoding& encoding) {
  std::vector<std::string> tokens;
  tokens.reserve(encoding.ids.size());
  for (const std::int32_t id : encoding.ids) tokens.emplace_back(tokenizer.TokenOf(id));
  return tokens;
}

void CheckCase(const Tokenizer& tokenizer, const JsonValue& json) {
  const std::string text = ExpandText(json.At("text"));
  const auto pair = json.Find("pair");
  const EncodeOptions options = ReadOptions(json);
  const auto encode = [&] {
    return pair ? tokenizer.EncodePair(text, ExpandText(*pair), options)
                : tokenizer.Encode(text, options);
  };
  std::vector<std::int32_t> ids;
  // Where the special tokens alone are more than max_length, the reference subtracts below zero,
  // wraps around and cuts nothing; Merle refuses.
  const bool no_room = options.add_special_tokens &&
                       options.max_length < tokenizer.special_tokens_added(pair.has_value());
  if (no_room || json.Find("error")) {
    EXPECT_THROW(encode(), Error);
    if (pair) return;
    EXPECT_THROW(tokenizer.EncodeIds(text, options, ids), Error);
    EXPECT_TRUE(ids.empty());
    return;
  }
  const Encoding encoding = encode();
  EXPECT_EQ(encoding.ids, ReadIntegers(json.At("ids")));
  EXPECT_EQ(encoding.offsets, ReadOffsets(json.At("offsets")));
  EXPECT_EQ(encoding.type_ids, ReadIntegers(json.At("type_ids")));
  EXPECT_THAT(encoding.special_tokens_mask,
              testing::ElementsAreArray(ReadIntegers(json.At("special_tokens_mask"))));
  EXPECT_EQ(Tokens(tokenizer, encoding), ReadList(json.At("tokens"), ReadToken));
  if (pair) return;
  EXPECT_EQ(tokenizer.EncodeIds(text, options, ids), encoding.cut_tokens);
  EXPECT_EQ(ids, encoding.ids);
  ids.clear();
  EXPECT_EQ(tokenizer.EncodeIds(text, options, ids, true) > 0, encoding.cut_tokens > 0);
  EXPECT_EQ(ids, encoding.ids);
}

class TokenizerGolden : public testing::TestWithParam<std::string> {
 protected:
  const std::string folder_ = kFolder + GetParam();
};
class TokenizerSweep : public TokenizerGolden {};

// Answers all cases of a folder.
void CheckCases(const Tokenizer& tokenizer, const std::string& folder) {
  std::ifstream file(folder + "/cases.jsonl");
  ASSERT_TRUE(file) << folder;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    const auto document = JsonDocument::Parse(line, Format("line {}", number));
    SCOPED_TRACE(
        Format("{}/cases.jsonl:{} {}", folder, number, document.root().At("name").AsString()));
    ASSERT_NO_THROW(CheckCase(tokenizer, document.root()));
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(number, 0);
}

TEST_P(TokenizerGolden, GivesWhatTheReferenceGives) {
  CheckCases(Tokenizer::Load(folder_), folder_);
}

TEST_P(TokenizerGolden, GivesTheSameFromTheCache) {
  const TestFolder cache;
  Tokenizer::Load(folder_, {.cache_folder = cache.path()});
  CheckCases(Tokenizer::Load(folder_, {.cache_folder = cache.path()}), folder_);
}

// What becomes of a character between two letters, as sweep.txt writes it: "x ~ y|0,1 1,2 2,3".
std::string SweepAnswer(const Tokenizer& tokenizer, char32_t c) {
  std::string text = "x";
  AppendUtf8(c, text);
  text += 'y';
  const EncodeOptions options = {.add_special_tokens = false};
  const Encoding encoding = tokenizer.Encode(text, options);
  std::vector<std::int32_t> ids;
  tokenizer.EncodeIds(text, options, ids);
  if (ids != encoding.ids) return "EncodeIds differs from Encode";
  std::string tokens, offsets;
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    const char* const blank = i == 0 ? "" : " ";
    AppendFormat(tokens, "{}{}", blank, tokenizer.TokenOf(encoding.ids[i]));
    AppendFormat(offsets, "{}{},{}", blank, encoding.offsets[i].begin, encoding.offsets[i].end);
  }
  return tokens + "|" + offsets;
}

std::string Fnv1a(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return Format("{:016x}", hash);
}

std::string WithCharacter(std::string pattern, char32_t c) {
  std::string character;
  AppendUtf8(c, character);
  for (std::size_t i = 0; (i = pattern.find('~', i)) != std::string::npos; i += character.size()) {
    pattern.replace(i, 1, character);
  }
  return pattern;
}

char32_t ReadHex(std::string_view text) {
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

TEST_P(TokenizerSweep, TakesEveryCharacterAsTheReferenceDoes) {
  std::ifstream file(folder_ + "/sweep.txt");
  const Tokenizer tokenizer = Tokenizer::Load(folder_);
  for (std::string line; std::getline(file, line);) {
    const std::size_t second = line.find(' ') + 1, third = line.find(' ', second) + 1;
    const char32_t first = ReadHex(line), last = ReadHex(std::string_view(line).substr(second));
    const std::string expected = line.substr(third);
    const bool hashed = expected[0] == '#' && expected.size() == 17;
    std::string all;
    for (char32_t c = first; c <= last; ++c) {
      const std::string answer = SweepAnswer(tokenizer, c);
      all += answer + "\n";
      if (hashed) continue;
      ASSERT_EQ(answer, WithCharacter(expected, c)) << Format("U+{:04X}", std::uint32_t{c});
    }
    if (!hashed) continue;
    ASSERT_EQ("#" + Fnv1a(all), expected) << line << "\n" << all;
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, TokenizerGolden,
                         testing::ValuesIn(GoldenNames(kFolder, "cases.jsonl")), GoldenTestName);
INSTANTIATE_TEST_SUITE_P(Folders, TokenizerSweep,
                         testing::ValuesIn(GoldenNames(kFolder, "sweep.txt")), GoldenTestName);

}  // namespace
}  // namespace merle
