#include "embedding/pooling.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/quote.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

struct ModeRow {
  PoolingMode mode;
  std::string_view name;
  std::string_view old_key;  // Its boolean in a config.json from before pooling_mode.
};

// In the order in which the older booleans join their vectors.
constexpr ModeRow kModes[] = {
    {PoolingMode::kCls, "cls", "pooling_mode_cls_token"},
    {PoolingMode::kMax, "max", "pooling_mode_max_tokens"},
    {PoolingMode::kMean, "mean", "pooling_mode_mean_tokens"},
    {PoolingMode::kMeanSqrtLen, "mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens"},
    {PoolingMode::kWeightedMean, "weightedmean", "pooling_mode_weightedmean_tokens"},
    {PoolingMode::kLastToken, "lasttoken", "pooling_mode_lasttoken"},
};

PoolingMode ModeFromConfig(const JsonValue& name) {
  const auto mode = ParsePoolingMode(name.AsString());
  if (!mode) {
    name.Fail(Format("names the mode {}, which is not supported", Quoted(name.AsString())),
              ErrorCode::kUnimplemented);
  }
  return *mode;
}

void AddScaled(std::span<const float> row, float weight, std::span<float> sum) {
  for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += weight * row[j];
}

// Weighted sums divided by what the mode asks for. The reference divides by max(total, 1e-9), which
// gives zeros where no token counts.
void PoolWeighted(PoolingMode mode, MatrixView<const float> states, std::size_t skip,
                  std::span<float> out) {
  std::fill(out.begin(), out.end(), 0.0F);
  float total = 0;
  for (std::size_t t = skip; t < states.rows(); ++t) {
    const float weight = mode == PoolingMode::kWeightedMean ? static_cast<float>(t + 1) : 1.0F;
    AddScaled(states.Row(t), weight, out);
    total += weight;
  }
  float divisor = std::max(total, 1e-9F);
  if (mode == PoolingMode::kMeanSqrtLen) divisor = std::sqrt(divisor);
  for (float& value : out) value /= divisor;
}

void PoolMax(MatrixView<const float> states, std::size_t skip, std::span<float> out) {
  std::fill(out.begin(), out.end(), -std::numeric_limits<float>::infinity());
  for (std::size_t t = skip; t < states.rows(); ++t) {
    const auto row = states.Row(t);
    for (std::size_t j = 0; j < out.size(); ++j) out[j] = std::max(out[j], row[j]);
  }
}

void PoolOne(PoolingMode mode, MatrixView<const float> states, std::size_t skip,
             std::span<float> out) {
  const bool all_skipped = skip >= states.rows();
  switch (mode) {
    case PoolingMode::kCls: {
      const auto row = states.Row(all_skipped ? 0 : skip);
      std::copy(row.begin(), row.end(), out.begin());
      return;
    }
    case PoolingMode::kLastToken: {
      const auto row = states.Row(states.rows() - 1);
      std::copy(row.begin(), row.end(), out.begin());
      if (all_skipped) std::fill(out.begin(), out.end(), 0.0F);
      return;
    }
    case PoolingMode::kMax:
      return PoolMax(states, skip, out);
    case PoolingMode::kMean:
    case PoolingMode::kMeanSqrtLen:
    case PoolingMode::kWeightedMean:
      return PoolWeighted(mode, states, skip, out);
  }
}

// Adds each token's share to `shares`, [tokens], of which the first `skip` < tokens don't count.
void AddShares(PoolingMode mode, MatrixView<const float> states, std::size_t skip,
               std::span<float> shares) {
  const std::size_t tokens = states.rows();
  switch (mode) {
    case PoolingMode::kCls:
      shares[skip] += 1;
      return;
    case PoolingMode::kLastToken:
      shares[tokens - 1] += 1;
      return;
    case PoolingMode::kMax:
      for (std::size_t j = 0; j < states.cols(); ++j) {
        std::size_t best = skip;
        for (std::size_t t = skip + 1; t < tokens; ++t) {
          if (states.At(t, j) > states.At(best, j)) best = t;
        }
        shares[best] += 1.0F / static_cast<float>(states.cols());
      }
      return;
    case PoolingMode::kMean:
    case PoolingMode::kMeanSqrtLen:
    case PoolingMode::kWeightedMean: {
      const auto weight = [&](std::size_t t) {
        return mode == PoolingMode::kWeightedMean ? static_cast<float>(t + 1) : 1.0F;
      };
      float total = 0;
      for (std::size_t t = skip; t < tokens; ++t) total += weight(t);
      for (std::size_t t = skip; t < tokens; ++t) shares[t] += weight(t) / total;
      return;
    }
  }
}

}  // namespace

std::optional<PoolingMode> ParsePoolingMode(std::string_view name) {
  for (const ModeRow& row : kModes) {
    if (row.name == name) return row.mode;
  }
  return std::nullopt;
}

std::string_view PoolingModeName(PoolingMode mode) {
  return kModes[static_cast<std::size_t>(mode)].name;
}

Pooling::Pooling(std::vector<PoolingMode> modes, bool include_prompt)
    : modes_(std::move(modes)), include_prompt_(include_prompt) {
  MERLE_ASSERT(!modes_.empty());
}

Pooling Pooling::FromConfig(const JsonValue& config) {
  std::vector<PoolingMode> modes;
  if (const auto mode = config.Find("pooling_mode")) {
    if (mode->IsString()) {
      modes.push_back(ModeFromConfig(*mode));
    } else {
      if (mode->Size() > std::size(kModes)) {  // Each makes the vectors longer.
        mode->Fail(Format("has {} modes, there are {}", mode->Size(), std::size(kModes)));
      }
      mode->ForEachElement([&](JsonValue name) { modes.push_back(ModeFromConfig(name)); });
    }
  } else {
    for (const ModeRow& row : kModes) {
      const auto flag = config.Find(row.old_key);
      if (flag && flag->AsBool()) modes.push_back(row.mode);
    }
  }
  if (modes.empty()) modes.push_back(PoolingMode::kMean);
  const auto include_prompt = config.Find("include_prompt");
  return Pooling(std::move(modes), !include_prompt || include_prompt->AsBool());
}

void Pooling::Pool(MatrixView<const float> hidden_states, std::size_t skip,
                   std::span<float> out) const {
  const std::size_t hidden = hidden_states.cols();
  MERLE_ASSERT(hidden_states.rows() > 0 && out.size() == modes_.size() * hidden);
  for (std::size_t i = 0; i < modes_.size(); ++i) {
    PoolOne(modes_[i], hidden_states, skip, out.subspan(i * hidden, hidden));
  }
}

std::vector<float> Pooling::Shares(MatrixView<const float> hidden_states, std::size_t skip) const {
  std::vector<float> shares(hidden_states.rows());
  if (skip >= shares.size()) return shares;
  for (const PoolingMode mode : modes_) AddShares(mode, hidden_states, skip, shares);
  for (float& share : shares) share /= static_cast<float>(modes_.size());
  return shares;
}

std::string PoolingName(const Pooling& pooling) {
  std::vector<std::string_view> names;
  for (const PoolingMode mode : pooling.modes()) names.push_back(PoolingModeName(mode));
  return Join(names, " ");
}

}  // namespace merle
