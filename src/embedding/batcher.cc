#include "embedding/batcher.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"

namespace merle {
namespace {

// Tokens of one group. More amortises the reading of the weights, fewer keep the states in L2: for
// MiniLM 192 tokens are 1.2 MB of states, queries, keys and values.
constexpr std::size_t kGroupTokens = 192;

// Groups for each thread at least, so that the last ones to finish wait little.
constexpr std::size_t kGroupsPerThread = 4;

// Texts in one tokenizing task: enough to make a task worth a thread's attention.
constexpr std::size_t kTextsPerTask = 16;

}  // namespace

std::size_t Batcher::ChunkEnd(std::span<const std::string_view> texts, std::size_t first) const {
  // A token comes from at least one byte, but for the special ones.
  const std::size_t extra = prompt_.size() + tokenizer_.special_tokens_added(false);
  std::size_t last = first;
  std::size_t tokens = 0;
  do {
    tokens += std::min(max_tokens_, texts[last].size() + extra);
    ++last;
  } while (last < texts.size() &&
           tokens + std::min(max_tokens_, texts[last].size() + extra) <= chunk_tokens_);
  return last;
}

bool Batcher::TokenizeOne(std::span<const std::string_view> texts, std::size_t index,
                          bool refuse_long, std::vector<std::int32_t>& ids) const {
  const std::string_view text = texts[index];
  if (FindInvalidUtf8(text)) CheckUtf8(text, Format("text {}", index));
  std::string prompted;
  if (!prompt_.empty()) prompted.append(prompt_).append(text);
  const std::size_t cut = tokenizer_.EncodeIds(prompt_.empty() ? text : std::string_view(prompted),
                                               {.max_length = max_tokens_}, ids, !refuse_long);
  if (cut > 0 && refuse_long) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("text {} has {} tokens, the model takes {}; shorten it or let it be cut",
                       index, max_tokens_ + cut, max_tokens_));
  }
  return cut > 0;
}

TokenizedTexts Batcher::Tokenize(std::span<const std::string_view> texts, std::size_t first,
                                 std::size_t last, bool refuse_long, ThreadPool& pool) const {
  struct Part {
    std::vector<std::int32_t> ids;
    std::vector<std::size_t> ends;
    std::size_t cut_texts = 0;
  };
  const std::size_t count = last - first;
  std::vector<Part> parts((count + kTextsPerTask - 1) / kTextsPerTask);
  pool.ParallelFor(parts.size(), [&](std::size_t p, std::size_t) {
    Part& part = parts[p];
    const std::size_t begin = first + p * kTextsPerTask;
    for (std::size_t i = begin; i < std::min(begin + kTextsPerTask, last); ++i) {
      part.cut_texts += TokenizeOne(texts, i, refuse_long, part.ids) ? 1 : 0;
      part.ends.push_back(part.ids.size());
    }
  });

  TokenizedTexts all;
  all.starts.reserve(count + 1);
  all.starts.push_back(0);
  for (const Part& part : parts) {
    const std::size_t base = all.ids.size();
    all.ids.insert(all.ids.end(), part.ids.begin(), part.ids.end());
    for (const std::size_t end : part.ends) all.starts.push_back(base + end);
    all.cut_texts += part.cut_texts;
  }
  return all;
}

std::vector<TextGroup> Batcher::Group(const TokenizedTexts& texts, std::size_t threads) const {
  const std::size_t count = texts.starts.size() - 1;
  const std::size_t fair = texts.ids.size() / (threads * kGroupsPerThread) + 1;
  const std::size_t target = std::min(kGroupTokens, fair);
  std::vector<TextGroup> groups;
  for (std::size_t first = 0; first < count;) {
    std::size_t last = first + 1;
    while (last < count && texts.starts[last + 1] - texts.starts[first] <= target) ++last;
    groups.push_back({first, last});
    first = last;
  }
  return groups;
}

}  // namespace merle
