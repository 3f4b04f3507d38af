// Texts as token ids: what a tokenizer makes and a model runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace merle {

// Token ids of some texts, one after another, without padding.
struct TokenizedTexts {
  std::vector<std::int32_t> ids;  // [tokens]
  std::vector<std::size_t>
      starts;  // [texts + 1]: text t is ids[starts[t]] to ids[starts[t + 1] - 1].
  // [texts]: tokens at the beginning of each that pooling leaves out, those of a prompt which the
  // model doesn't count. Empty: none.
  std::vector<std::size_t> skips = {};
  std::size_t cut_texts = 0;  // Texts that lost tokens to the length limit.

  std::size_t size() const { return starts.empty() ? 0 : starts.size() - 1; }  // Texts.
  // Tokens of texts [first, last).
  std::size_t Tokens(std::size_t first, std::size_t last) const {
    return starts[last] - starts[first];
  }
  std::size_t SkipOf(std::size_t text) const { return skips.empty() ? 0 : skips[text]; }

  // Adds texts [first, last) of `other` at the end; cut_texts stays.
  void Append(const TokenizedTexts& other, std::size_t first, std::size_t last) {
    if (starts.empty()) starts.push_back(0);
    const bool with_skips = !skips.empty() || !other.skips.empty();
    if (with_skips) skips.resize(size());
    const auto begin = other.ids.begin();
    ids.insert(ids.end(), begin + static_cast<std::ptrdiff_t>(other.starts[first]),
               begin + static_cast<std::ptrdiff_t>(other.starts[last]));
    for (std::size_t t = first; t < last; ++t) {
      starts.push_back(starts.back() + other.Tokens(t, t + 1));
      if (with_skips) skips.push_back(other.SkipOf(t));
    }
  }
};

}  // namespace merle
