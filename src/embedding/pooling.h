// Pooling: the hidden states of a text's tokens become one vector.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_reader.h"
#include "tensor/matrix.h"

namespace merle {

// How a pooling sums the hidden states h[t] of tokens 0 <= t < n. The first `skip` tokens, those of
// a prompt that shall not count, are left out.
enum class PoolingMode {
  kCls,           // The first token that counts.
  kMax,           // The largest of each component.
  kMean,          // sum of h[t] / n
  kMeanSqrtLen,   // sum of h[t] / sqrt(n)
  kWeightedMean,  // sum of (t + 1) h[t] / sum of (t + 1)
  kLastToken,     // The last token.
};

std::optional<PoolingMode> ParsePoolingMode(std::string_view name);
std::string_view PoolingModeName(PoolingMode mode);

// One or several modes, their vectors joined. Immutable.
// Peer: sentence_transformers Pooling. All sums run in token order, so equal hidden states give the
// same bits in every batch.
class Pooling {
 public:
  explicit Pooling(std::vector<PoolingMode> modes, bool include_prompt = true);

  // From a module's config.json, with `pooling_mode` or the older booleans.
  // Throws kUnimplemented for a mode that Merle doesn't know.
  static Pooling FromConfig(const JsonValue& config);

  // hidden_states [tokens, hidden], tokens >= 1; skip: tokens at the start that don't count;
  // out [modes * hidden].
  void Pool(MatrixView<const float> hidden_states, std::size_t skip, std::span<float> out) const;

  // Share of each token in the result, [tokens], sum 1: its weight in the sum, or for kMax the
  // part of the components where it is the largest. The average over the modes. All 0 where no
  // token counts.
  std::vector<float> Shares(MatrixView<const float> hidden_states, std::size_t skip = 0) const;

  const std::vector<PoolingMode>& modes() const { return modes_; }
  bool include_prompt() const { return include_prompt_; }

 private:
  std::vector<PoolingMode> modes_;
  bool include_prompt_;
};

// Its modes: "mean", "cls max".
std::string PoolingName(const Pooling& pooling);

}  // namespace merle
