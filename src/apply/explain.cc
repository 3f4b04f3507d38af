#include "apply/explain.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apply/similarity.h"
#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"
#include "embedding/embedder.h"
#include "models/encoder_model.h"
#include "tensor/matrix.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

// Byte offset of every character of a text, and of its end.
std::vector<std::size_t> CharacterStarts(std::string_view text) {
  std::vector<std::size_t> starts;
  for (std::size_t offset = 0; offset < text.size(); offset += DecodeUtf8(text, offset).bytes) {
    starts.push_back(offset);
  }
  starts.push_back(text.size());
  return starts;
}

std::vector<ExplainedToken> ListTokens(const Embedder& embedder, const std::string& text,
                                       const Encoding& encoding, std::size_t table_numbers) {
  const std::vector<std::size_t> starts = CharacterStarts(text);
  std::vector<ExplainedToken> tokens;
  for (std::size_t t = 0; t < encoding.ids.size(); ++t) {
    const std::int32_t id = encoding.ids[t];
    const Offset offset = encoding.offsets[t];
    const auto row = embedder.model().TokenEmbedding(id);
    const std::size_t begin = starts.at(offset.begin);
    tokens.push_back({.token = std::string(embedder.tokenizer().TokenOf(id)),
                      .id = id,
                      .offset = offset,
                      .piece = text.substr(begin, starts.at(offset.end) - begin),
                      .special = encoding.special_tokens_mask[t] != 0,
                      .table_row = {row.begin(), row.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                   row.size(), table_numbers))},
                      .layer_cosines = {},
                      .pooling_share = 0,
                      .contribution = 0});
  }
  return tokens;
}

Matrix<float> Copy(MatrixView<const float> from) {
  Matrix<float> copy(from.rows(), from.cols());
  for (std::size_t r = 0; r < from.rows(); ++r) {
    std::copy_n(from.Row(r).data(), from.cols(), copy.Row(r).data());
  }
  return copy;
}

// Runs the model, notes in `tokens` how far each layer moves them, and returns the last states.
Matrix<float> FollowLayers(const Embedder& embedder, std::span<const std::int32_t> ids,
                           std::vector<ExplainedToken>& tokens) {
  Matrix<float> before;
  const auto visit = [&](std::size_t layer, MatrixView<const float> hidden_states) {
    for (std::size_t t = 0; layer > 0 && t < tokens.size(); ++t) {
      tokens[t].layer_cosines.push_back(Cosine(hidden_states.Row(t), before.Row(t)));
    }
    before = Copy(hidden_states);
  };
  const std::size_t starts[] = {0, ids.size()};
  Matrix<float> last(ids.size(), embedder.model().shape().hidden_size);
  embedder.model().Forward({.ids = ids, .type_ids = {}, .starts = starts}, embedder.pool(),
                           last.view(), visit);
  return last;
}

}  // namespace

std::vector<double> PooledContributions(std::span<const float> shares,
                                        MatrixView<const float> hidden_states) {
  if (shares.size() != hidden_states.rows()) {
    throw Error(ErrorCode::kInvalidArgument, Format("{} shares for the hidden states of {} tokens",
                                                    shares.size(), hidden_states.rows()));
  }
  std::vector<double> pooled(hidden_states.cols());
  for (std::size_t t = 0; t < shares.size(); ++t) {
    const auto state = hidden_states.Row(t);
    for (std::size_t j = 0; j < state.size(); ++j) {
      pooled[j] += static_cast<double>(shares[t]) * state[j];
    }
  }
  double length_squared = 0;
  for (const double value : pooled) length_squared += value * value;

  std::vector<double> contributions(shares.begin(), shares.end());
  if (length_squared == 0) return contributions;
  for (std::size_t t = 0; t < shares.size(); ++t) {
    const auto state = hidden_states.Row(t);
    double dot = 0;
    for (std::size_t j = 0; j < state.size(); ++j) dot += state[j] * pooled[j];
    contributions[t] *= dot / length_squared;
  }
  return contributions;
}

Explanation Explain(const Embedder& embedder, std::string_view text,
                    const ExplainOptions& options) {
  const Matrix<float> vector = embedder.Embed(text, options.embed);
  Explanation explanation;
  explanation.vector.assign(vector.Row(0).begin(), vector.Row(0).end());
  explanation.text = embedder.prompts().Choose(options.embed.prompt);
  explanation.text += text;

  const Encoding encoding =
      embedder.tokenizer().Encode(explanation.text, {.max_length = embedder.max_tokens()});
  explanation.cut_tokens = encoding.cut_tokens;
  explanation.tokens = ListTokens(embedder, explanation.text, encoding, options.table_numbers);

  const Matrix<float> last = FollowLayers(embedder, encoding.ids, explanation.tokens);
  const std::vector<float> shares = embedder.PoolingShares(last.view(), options.embed.prompt);
  const std::vector<double> contributions = PooledContributions(shares, last.view());
  for (std::size_t t = 0; t < shares.size(); ++t) {
    explanation.tokens[t].pooling_share = shares[t];
    explanation.tokens[t].contribution = contributions[t];
  }
  return explanation;
}

}  // namespace merle
