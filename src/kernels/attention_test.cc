#include "kernels/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/kernel_test.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

using AttentionTest = KernelTest;

constexpr float kScale = 0.3f;

// q, k and v side by side, as a model's one projection gives them.
struct Packed {
  Packed(std::size_t tokens, std::size_t n_heads, std::size_t head_dim)
      : heads(n_heads), hidden(n_heads * head_dim), qkv(RandomMatrix(tokens, 3 * hidden, 1)) {}

  MatrixView<const float> Part(std::size_t i) const { return qkv.view().Cols(i * hidden, hidden); }
  Matrix<float> Run(std::size_t first, std::size_t count,
                    decltype(Attention)* attention = &Attention) const {
    AttentionScratch scratch;
    scratch.Reserve(qkv.rows(), hidden / heads);
    Matrix<float> out(count, hidden);
    attention(Part(0).Rows(first, count), Part(1), Part(2), heads, kScale, scratch, out.view());
    return out;
  }
  Matrix<float> Run() const { return Run(0, qkv.rows()); }
  Matrix<float> RunBf16() const { return Run(0, qkv.rows(), &AttentionBf16); }

  std::size_t heads, hidden;
  Matrix<float> qkv;
};

// Fails where `out` is farther from attention in double than the roundings explain: the exponents
// carry those of a sum of head_dim products, the result those of a sum of `keys` products; and the
// factors of each product may be off by operand_error.
void ExpectAttention(const Packed& p, MatrixView<const float> out, double operand_error = 0) {
  const std::size_t tokens = p.qkv.rows(), head_dim = p.hidden / p.heads;
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t head = 0; head < p.heads; ++head) {
      std::vector<double> weights(tokens);
      double largest_exponent_error = 0, sum = 0;
      for (std::size_t s = 0; s < tokens; ++s) {
        double score = 0, magnitude = 0;
        for (std::size_t j = head * head_dim; j < (head + 1) * head_dim; ++j) {
          const double product = double{p.Part(0).At(t, j)} * p.Part(1).At(s, j);
          score += product;
          magnitude += std::abs(product);
        }
        weights[s] = std::exp(kScale * score);
        sum += weights[s];
        largest_exponent_error =
            std::max(largest_exponent_error,
                     ((2.0 * static_cast<double>(head_dim) + 4) * kFloatEps + 2 * operand_error) *
                         kScale * magnitude);
      }
      for (std::size_t j = head * head_dim; j < (head + 1) * head_dim; ++j) {
        double expected = 0, magnitude = 0;
        for (std::size_t s = 0; s < tokens; ++s) {
          expected += weights[s] / sum * p.Part(2).At(s, j);
          magnitude += weights[s] / sum * std::abs(p.Part(2).At(s, j));
        }
        const double roundings = 3.0 * static_cast<double>(tokens) + 8;
        const double tolerance =
            (roundings * kFloatEps + 2.1 * operand_error + std::expm1(2 * largest_exponent_error)) *
            magnitude;
        ASSERT_NEAR(out.At(t, j), expected, tolerance) << "token " << t << ", column " << j;
      }
    }
  }
}

TEST_P(AttentionTest, EqualsAttentionInDouble) {
  for (const std::size_t head_dim : {1, 4, 5, 16, 32, 33, 64}) {
    for (const std::size_t tokens : {1, 2, 7, 13, 31, 32, 33, 65}) {
      SCOPED_TRACE(testing::Message() << tokens << " tokens, head_dim " << head_dim);
      const Packed p(tokens, 3, head_dim);
      ExpectAttention(p, p.Run().view());
    }
  }
}

TEST_P(AttentionTest, InBf16EqualsAttentionToTheRoundingOfItsOperands) {
  for (const std::size_t head_dim : {1, 4, 5, 16, 32, 33, 64}) {
    for (const std::size_t tokens : {1, 2, 7, 13, 31, 32, 33, 65}) {
      SCOPED_TRACE(testing::Message() << tokens << " tokens, head_dim " << head_dim);
      const Packed p(tokens, 3, head_dim);
      ExpectAttention(p, p.RunBf16().view(), 0x1p-9);
    }
  }
}

TEST_P(AttentionTest, InBf16GivesAQueryTheSameBitsInEveryRange) {
  const Packed p(50, 2, 20);
  const auto all = p.RunBf16();
  for (std::size_t count = 1; count <= 40; ++count) {
    const auto some = p.Run(50 - count, count, &AttentionBf16);
    ASSERT_TRUE(SameBits(some.view(), all.view().Rows(50 - count, count))) << count << " queries";
  }
}

TEST_P(AttentionTest, GivesAQueryTheSameBitsInEveryRange) {
  const Packed p(50, 2, 20);
  const auto all = p.Run();
  for (std::size_t count = 1; count <= 40; ++count) {
    ASSERT_TRUE(SameBits(p.Run(50 - count, count).view(), all.view().Rows(50 - count, count)))
        << count << " queries";
  }
}

TEST_P(AttentionTest, GivesAHeadTheSameBitsAlone) {
  const Packed p(40, 3, 24);
  const auto all = p.Run();
  AttentionScratch scratch;
  scratch.Reserve(100, 64);  // More than needed.
  Matrix<float> out(40, 24);
  Attention(p.Part(0).Cols(24, 24), p.Part(1).Cols(24, 24), p.Part(2).Cols(24, 24), 1, kScale,
            scratch, out.view());
  EXPECT_TRUE(SameBits(out.view(), all.view().Cols(24, 24)));
}

TEST_P(AttentionTest, DoesNotDependOnWhatTheScratchHeld) {
  const Packed large(70, 2, 40), small(5, 2, 40);
  AttentionScratch scratch;
  scratch.Reserve(70, 40);
  Matrix<float> out(70, 80), again(5, 80);
  Attention(large.Part(0), large.Part(1), large.Part(2), 2, kScale, scratch, out.view());
  Attention(small.Part(0), small.Part(1), small.Part(2), 2, kScale, scratch, again.view());
  EXPECT_TRUE(SameBits(again.view(), small.Run().view()));
}

TEST_P(AttentionTest, StandsScoresThatWouldOverflowExp) {
  Packed p(20, 1, 8);
  for (std::size_t r = 0; r < 20; ++r) {
    for (float& element : p.qkv.Row(r).first(16)) element *= 100.0f;
  }
  const auto out = p.Run();
  for (std::size_t r = 0; r < 20; ++r) {
    for (const float element : out.Row(r)) EXPECT_TRUE(std::isfinite(element));
  }
}

TEST_P(AttentionTest, NanInOneQueryStaysInItsRow) {
  Packed p(20, 1, 8);
  const auto before = p.Run();
  p.qkv.Row(6)[3] = NAN;
  const auto after = p.Run();
  EXPECT_TRUE(std::isnan(after.Row(6)[0]));
  EXPECT_TRUE(SameBits(after.view().Rows(0, 6), before.view().Rows(0, 6)));
  EXPECT_TRUE(SameBits(after.view().Rows(7, 13), before.view().Rows(7, 13)));
}

INSTANTIATE_ON_ALL_CPU_PATHS(AttentionTest);

}  // namespace
}  // namespace merle
