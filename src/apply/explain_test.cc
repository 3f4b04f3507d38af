#include "apply/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "embedding/embedder.h"
#include "models/encoder_model.h"
#include "tensor/matrix.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::SizeIs;

TEST(PooledContributions, AreProjectionsOntoThePooledVector) {
  Matrix<float> states(3, 2);
  states.Row(0)[0] = 4;   // Along the pooled vector.
  states.Row(1)[1] = 5;   // Across it: with the next one it adds nothing.
  states.Row(2)[0] = -2;  // Against it.
  states.Row(2)[1] = -5;
  const std::vector<float> shares = {0.5F, 0.25F, 0.25F};
  // p = (1.5, 0), dot(p, p) = 2.25.
  EXPECT_THAT(PooledContributions(shares, states.view()),
              ElementsAre(0.5 * 6 / 2.25, 0, 0.25 * -3 / 2.25));
}

TEST(PooledContributions, OfStatesThatCancelOutAreTheShares) {
  Matrix<float> states(2, 1);
  states.Row(0)[0] = 1;
  states.Row(1)[0] = -1;
  EXPECT_THAT(PooledContributions(std::vector<float>{0.5F, 0.5F}, states.view()),
              ElementsAre(0.5, 0.5));
}

TEST(PooledContributions, RefusesSharesOfOtherTokens) {
  const Matrix<float> states(2, 3);
  EXPECT_THROW(PooledContributions({}, states.view()), Error);
}

class ExplainTest : public testing::Test {
 protected:
  const Embedder embedder_ =
      Embedder::Load(MERLE_SOURCE_DIR "/tests/golden/embedding/st-normalize", {.threads = 1});
};

TEST_F(ExplainTest, ListsTheTokensWithTheirPieces) {
  const Explanation explanation = Explain(embedder_, "Häuser, a");
  const Encoding encoding = embedder_.tokenizer().Encode("Häuser, a");
  ASSERT_THAT(explanation.tokens, SizeIs(encoding.ids.size()));
  EXPECT_EQ(explanation.text, "Häuser, a");
  EXPECT_EQ(explanation.cut_tokens, 0u);
  for (std::size_t t = 0; t < encoding.ids.size(); ++t) {
    const ExplainedToken& token = explanation.tokens[t];
    EXPECT_EQ(token.id, encoding.ids[t]);
    EXPECT_EQ(token.token, embedder_.tokenizer().TokenOf(token.id));
    EXPECT_EQ(token.table_row[0], embedder_.model().TokenEmbedding(token.id)[0]);
    EXPECT_THAT(token.table_row, SizeIs(5));
    EXPECT_THAT(token.layer_cosines, SizeIs(embedder_.model().shape().layers));
  }
  const ExplainedToken& last = explanation.tokens[encoding.ids.size() - 2];
  EXPECT_EQ(last.piece, "a");  // Behind a character of two bytes.
  EXPECT_EQ(last.offset, (Offset{8, 9}));
  EXPECT_TRUE(explanation.tokens.front().special);
  EXPECT_EQ(explanation.tokens.front().piece, "");
}

TEST_F(ExplainTest, SharesAndContributionsSumToOne) {
  const Explanation explanation = Explain(embedder_, "the cat sat on the mat");
  double shares = 0, contributions = 0;
  for (const ExplainedToken& token : explanation.tokens) {
    shares += token.pooling_share;
    contributions += token.contribution;
    EXPECT_THAT(token.layer_cosines, Each(testing::AllOf(testing::Ge(-1), testing::Le(1))));
  }
  EXPECT_NEAR(shares, 1, 1e-6);
  EXPECT_NEAR(contributions, 1, 1e-6);
}

TEST_F(ExplainTest, GivesTheVectorOfEmbed) {
  const Matrix<float> vector = embedder_.Embed("a cat");
  EXPECT_THAT(Explain(embedder_, "a cat").vector, testing::ElementsAreArray(vector.Row(0)));
}

TEST_F(ExplainTest, ExplainsThePromptToo) {
  ExplainOptions options;
  options.embed.prompt.text = "cat: ";
  options.table_numbers = 1;
  const Explanation explanation = Explain(embedder_, "dog", options);
  EXPECT_EQ(explanation.text, "cat: dog");
  EXPECT_THAT(explanation.tokens, Each(Field(&ExplainedToken::table_row, SizeIs(1))));
}

TEST_F(ExplainTest, CountsTheTokensThatWereCut) {
  std::string text;
  for (std::size_t i = 0; i < embedder_.max_tokens() + 8; ++i) text += "a ";
  const Explanation explanation = Explain(embedder_, text);
  EXPECT_THAT(explanation.tokens, SizeIs(embedder_.max_tokens()));
  EXPECT_EQ(explanation.cut_tokens, 10u);  // 8, and two that made room for [CLS] and [SEP].
}

TEST_F(ExplainTest, AnEmptyTextIsItsSpecialTokens) {
  EXPECT_THAT(Explain(embedder_, "").tokens, Each(Field(&ExplainedToken::special, true)));
}

TEST_F(ExplainTest, RefusesWhatIsNotUtf8) { EXPECT_THROW(Explain(embedder_, "\xFF"), Error); }

}  // namespace
}  // namespace merle
