// Embed in three steps, as a server does that merges requests: Tokenize, EmbedTokens,
// FinishVectors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/error_matcher.h"
#include "base/golden_test.h"
#include "base/thread_pool.h"
#include "embedding/embedder.h"
#include "embedding/statistics.h"
#include "embedding/tokenized_texts.h"
#include "models/encoder_model.h"
#include "tensor/matrix.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(MERLE_SOURCE_DIR) / "tests/golden/embedding";

Embedder Load(std::string_view name, std::size_t threads = 2) {
  return Embedder::Load((kGolden / name).string(), {.threads = threads});
}

std::vector<std::string> SomeTexts() {
  std::vector<std::string> texts = {"dog", "", "the first token", "z y x w v u t"};
  for (std::size_t n = 1; n < 20; ++n) {  // Up to longer than any model takes.
    std::string text;
    for (std::size_t i = 0; i < n * n; ++i) text += i % 3 == 0 ? "the " : "token ";
    texts.push_back(std::move(text));
  }
  return texts;
}

std::uint32_t Bits(float x) { return std::bit_cast<std::uint32_t>(x); }

void ExpectSameBits(std::span<const float> a, std::span<const float> b) {
  EXPECT_TRUE(std::ranges::equal(a, b, {}, Bits, Bits));
}

void ExpectSameBits(const Matrix<float>& a, const Matrix<float>& b) {
  ASSERT_EQ(a.rows(), b.rows());
  for (std::size_t r = 0; r < a.rows(); ++r) ExpectSameBits(a.Row(r), b.Row(r));
}

Matrix<float> Whole(const Embedder& embedder, const TokenizedTexts& texts,
                    ThreadPool* pool = nullptr) {
  Matrix<float> vectors(texts.size(), embedder.whole_dim());
  embedder.EmbedTokens(texts, vectors.view(), pool);
  return vectors;
}

Matrix<float> InThreeSteps(const Embedder& embedder, std::span<const std::string_view> texts,
                           const EmbedOptions& options) {
  const Matrix<float> whole = Whole(embedder, embedder.Tokenize(texts, options));
  return embedder.FinishVectors(whole.view(), options);
}

class ThreeSteps : public testing::TestWithParam<std::string> {
 protected:
  const Embedder embedder_ = Load(GetParam());
  const std::vector<std::string> owned_ = SomeTexts();
  const std::vector<std::string_view> texts_{owned_.begin(), owned_.end()};
};

TEST_P(ThreeSteps, GiveTheBitsOfEmbed) {
  for (const EmbedOptions& options :
       {EmbedOptions{}, EmbedOptions{.truncate_dim = 3}, EmbedOptions{.normalize = true},
        EmbedOptions{.truncate_dim = 5, .normalize = true, .batch_tokens = 50},
        EmbedOptions{.prompt = {.text = "the first "}},
        EmbedOptions{.prompt = {.name = "query"}}}) {
    ExpectSameBits(InThreeSteps(embedder_, texts_, options), embedder_.Embed(texts_, options));
  }
}

TEST_P(ThreeSteps, GiveThemFromTextsOfSeveralCallersAndOnOneThread) {
  const EmbedOptions prompted{.prompt = {.text = "the first "}};
  const TokenizedTexts plain = embedder_.Tokenize(texts_);
  const TokenizedTexts more = embedder_.Tokenize(texts_, prompted);
  TokenizedTexts batch;
  batch.Append(plain, 0, 5);
  batch.Append(more, 2, 9);
  batch.Append(plain, 9, 10);
  ThreadPool one(1);
  const Matrix<float> vectors = Whole(embedder_, batch, &one);
  ASSERT_EQ(vectors.rows(), 13u);
  const Matrix<float> of_plain = Whole(embedder_, plain), of_more = Whole(embedder_, more);
  for (std::size_t i = 0; i < 5; ++i) ExpectSameBits(vectors.Row(i), of_plain.Row(i));
  for (std::size_t i = 0; i < 7; ++i) ExpectSameBits(vectors.Row(5 + i), of_more.Row(2 + i));
  ExpectSameBits(vectors.Row(12), of_plain.Row(9));
}

INSTANTIATE_TEST_SUITE_P(Models, ThreeSteps,
                         testing::ValuesIn(GoldenNames(kGolden, "model.safetensors")),
                         GoldenTestName);

TEST(EmbedTokensTest, TokenizeCountsAsEmbedDoes) {
  const Embedder embedder = Load("st-short");
  const std::string_view texts[] = {"dog", "the first token the first token the token"};
  EmbedStats stats;
  embedder.Embed(texts, {}, &stats);
  const TokenizedTexts tokenized = embedder.Tokenize(texts);
  EXPECT_EQ(tokenized.size(), 2u);
  EXPECT_EQ(tokenized.ids.size(), stats.tokens);
  EXPECT_EQ(tokenized.cut_texts, 1u);
  EXPECT_THAT([&] { embedder.Tokenize(texts, {.on_long = OnLong::kError}); },
              ThrowsError(ErrorCode::kInvalidArgument, testing::HasSubstr("text 1 has ")));
  EXPECT_THAT([&] { embedder.Tokenize(texts, {.prompt = {.name = "none"}}); },
              ThrowsError(ErrorCode::kInvalidArgument, testing::HasSubstr("none")));
}

TEST(EmbedTokensTest, TakesIdsThatNoTokenizerMade) {
  const Embedder embedder = Load("st-dense-tanh");
  const Encoding dog = embedder.tokenizer().Encode("dog");
  const Matrix<float> vectors = Whole(embedder, {.ids = dog.ids, .starts = {0, dog.ids.size()}});
  ExpectSameBits(vectors, embedder.Embed("dog"));
  EXPECT_EQ(Whole(embedder, {}).rows(), 0u);
}

TEST(EmbedTokensTest, ManyThreadsAtOnceGetTheirOwnVectors) {
  const Embedder embedder = Load("st-prompts-not-pooled");
  const std::vector<std::string> owned = SomeTexts();
  std::atomic<int> differences = 0;
  std::vector<std::thread> callers;
  callers.reserve(4);
  for (std::size_t caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      const std::vector<std::string_view> texts(owned.begin() + static_cast<int>(caller),
                                                owned.end());
      const EmbedOptions options{.prompt = {.text = owned[caller]}};
      const Matrix<float> expected = embedder.Embed(texts, options);
      for (int round = 0; round < 5; ++round) {
        const Matrix<float> vectors = InThreeSteps(embedder, texts, options);
        for (std::size_t r = 0; r < texts.size(); ++r) {
          if (!std::ranges::equal(vectors.Row(r), expected.Row(r), {}, Bits, Bits)) ++differences;
        }
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(differences, 0);
}

struct BadTokens {
  const char* name;
  TokenizedTexts texts;
  const char* says;
};

class RefusedTokens : public testing::TestWithParam<BadTokens> {};

TEST_P(RefusedTokens, AreNamed) {
  const Embedder embedder = Load("st-short");
  ASSERT_EQ(embedder.max_tokens(), 8u);
  ASSERT_EQ(embedder.model().shape().vocab_size, 246u);
  const auto refused =
      ThrowsError(ErrorCode::kInvalidArgument, testing::HasSubstr(GetParam().says));
  EXPECT_THAT([&] { embedder.CheckTokens(GetParam().texts); }, refused);
  Matrix<float> out(GetParam().texts.size(), embedder.whole_dim());
  EXPECT_THAT([&] { embedder.EmbedTokens(GetParam().texts, out.view()); }, refused);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, RefusedTokens,
    testing::ValuesIn(std::vector<BadTokens>{
        {"TextWithoutTokens", {.ids = {1, 2}, .starts = {0, 2, 2}}, "text 1 has 0 tokens"},
        {"TextThatIsTooLong",
         {.ids = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, .starts = {0, 1, 10}},
         "text 1 has 9 tokens, the model takes 1 to 8"},
        {"IdBelowTheTable",
         {.ids = {1, 2, -1}, .starts = {0, 2, 3}},
         "text 1: the model has no token id -1"},
        {"IdAboveTheTable",
         {.ids = {246}, .starts = {0, 1}},
         "text 0: the model has no token id 246"},
        {"TokensOfNoText", {.ids = {1}, .starts = {}}, "starts"},
        {"TokensBehindTheLast", {.ids = {1, 2}, .starts = {0, 1}}, "starts"},
        {"TokensBeforeTheFirst", {.ids = {1, 2}, .starts = {1, 2}}, "starts"},
        {"StartsThatFall", {.ids = {1, 2}, .starts = {0, 2, 1, 2}}, "starts"},
        {"SkipsOfOtherTexts", {.ids = {1, 2}, .starts = {0, 2}, .skips = {0, 0}}, "2 skips"},
    }),
    [](const auto& test) { return test.param.name; });

TEST(EmbedTokensTest, RoomOfAnotherShapeIsRefused) {
  const Embedder embedder = Load("st-truncate-dim");
  const TokenizedTexts dog = embedder.Tokenize(std::vector<std::string_view>{"dog"});
  Matrix<float> narrow(1, embedder.dim()), low(0, embedder.whole_dim());
  EXPECT_THAT([&] { embedder.EmbedTokens(dog, narrow.view()); },
              ThrowsError(ErrorCode::kInvalidArgument, testing::HasSubstr("[1, 16]")));
  EXPECT_THAT([&] { embedder.EmbedTokens(dog, low.view()); },
              ThrowsError(ErrorCode::kInvalidArgument, testing::HasSubstr("[0, 16]")));
  EXPECT_THAT([&] { embedder.FinishVectors(narrow.view(), {}); },
              ThrowsError(ErrorCode::kInvalidArgument, testing::HasSubstr("not 6")));
}

}  // namespace
}  // namespace merle
