// Semantic textual similarity: how well cosines agree with what people said about sentence pairs.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "embedding/embed_options.h"
#include "embedding/statistics.h"
#include "embedding/text_encoder.h"
#include "tensor/matrix.h"

namespace merle {

struct StsPair {
  std::string sentence1;
  std::string sentence2;
  double score;          // By people; any scale.
  std::size_t line = 0;  // Where it starts in its file, from 1.
};

// Reads pairs from a file, a pipe or standard input ("-") in one of these layouts, found by its
// first line:
//   STS-B          tab-separated, no quoting, no header: score in column 5, sentences in 6 and 7
//   named columns  CSV or TSV with sentence1, sentence2, and score, label or similarity_score
//   three columns  CSV or TSV without header: sentence1, sentence2, score
// Throws kNotFound if there is no file, kInvalidArgument with file and line if it is none of these,
// a row lacks a column, a score is no finite number or a text is not UTF-8, or there are fewer than
// two rows; kDataLoss for broken quoting, kResourceExhausted for more than 1 GiB.
std::vector<StsPair> ReadStsPairs(const std::string& path);

struct StsResult {
  double spearman;  // Of cosine and score, in [-1, 1]. NaN where all are equal.
  double pearson;
  std::size_t pairs;
};

// Embeds both sentences of each pair and correlates their cosines with the scores.
// options.name_text names a pair by its index; errors say which sentence of it they mean.
// Peer: sentence_transformers EmbeddingSimilarityEvaluator, main_similarity = cosine.
StsResult EvaluateSts(const TextEncoder& encoder, std::span<const StsPair> pairs,
                      const EmbedOptions& options = {}, EmbedStats* stats = nullptr);

// The same for vectors that are there: row i of each side [pairs, dim] belongs to pairs[i]. Throws
// kInvalidArgument if the sides have another number of rows, or their rows different lengths.
StsResult ScoreSts(std::span<const StsPair> pairs, MatrixView<const float> first,
                   MatrixView<const float> second);

}  // namespace merle
