#include "embedding/batcher.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/thread_pool.h"
#include "base/utf8.h"
#include "embedding/tokenized_texts.h"

namespace merle {
namespace {

// Groups for each of several threads at least, so that the last ones to finish wait little.
constexpr std::size_t kGroupsPerThread = 3;

// Texts in one tokenizing task: enough to make a task worth a thread's attention.
constexpr std::size_t kTextsPerTask = 16;

// Of one text: room for so many is made at once.
constexpr std::size_t kUsualTokens = 64;

}  // namespace

std::size_t Batcher::ChunkEnd(std::span<const std::string_view> texts, std::size_t first) const {
  // An estimate: a token seldom comes from less than a byte, but for the special ones.
  const std::size_t extra = options_.prompt.size() + tokenizer_.special_tokens_added(false);
  std::size_t last = first;
  std::size_t tokens = 0;
  do {
    tokens += std::min(options_.max_tokens, texts[last].size() + extra);
    ++last;
  } while (last < texts.size() &&
           tokens + std::min(options_.max_tokens, texts[last].size() + extra) <=
               options_.chunk_tokens);
  return last;
}

std::string Batcher::NameOf(std::size_t index) const {
  return options_.name_text ? options_.name_text(index) : Format("text {}", index);
}

bool Batcher::TokenizeOne(std::span<const std::string_view> texts, std::size_t index,
                          std::string& prompted, std::vector<std::int32_t>& ids) const {
  std::string_view text = texts[index];
  if (!options_.prompt.empty()) text = prompted.assign(options_.prompt).append(text);
  const std::size_t before = ids.size();
  std::size_t cut = 0;
  try {
    cut =
        tokenizer_.EncodeIds(text, {.max_length = options_.max_tokens}, ids, !options_.refuse_long);
  } catch (const Error&) {
    CheckUtf8(texts[index], NameOf(index));  // Names the text, and its byte without the prompt.
    throw;
  }
  if (cut > 0 && options_.refuse_long) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("{} has {} tokens, the model takes {}; shorten it or let it be cut",
                       NameOf(index), options_.max_tokens + cut, options_.max_tokens));
  }
  if (ids.size() == before) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("{} has no tokens, and the model adds none", NameOf(index)));
  }
  return cut > 0;
}

TokenizedTexts Batcher::Tokenize(std::span<const std::string_view> texts, std::size_t first,
                                 std::size_t last, ThreadPool& pool) const {
  struct Part {
    std::vector<std::int32_t> ids;
    std::array<std::size_t, kTextsPerTask> ends;  // In ids, of each text that there is.
    std::size_t cut_texts = 0;
  };
  const std::size_t count = last - first;
  std::vector<Part> parts((count + kTextsPerTask - 1) / kTextsPerTask);
  pool.ParallelFor(parts.size(), [&](std::size_t p, std::size_t) {
    Part& part = parts[p];
    const std::size_t begin = first + p * kTextsPerTask;
    part.ids.reserve(kTextsPerTask * std::min(options_.max_tokens, kUsualTokens));
    std::string prompted;
    for (std::size_t i = begin; i < std::min(begin + kTextsPerTask, last); ++i) {
      part.cut_texts += TokenizeOne(texts, i, prompted, part.ids) ? 1 : 0;
      part.ends[i - begin] = part.ids.size();
    }
  });

  TokenizedTexts all;
  all.starts.reserve(count + 1);
  all.starts.push_back(0);
  for (const Part& part : parts) {
    const std::size_t base = all.ids.size();
    all.ids.insert(all.ids.end(), part.ids.begin(), part.ids.end());
    const std::size_t texts_left = count + 1 - all.starts.size();
    for (std::size_t i = 0; i < std::min(kTextsPerTask, texts_left); ++i) {
      all.starts.push_back(base + part.ends[i]);
    }
    all.cut_texts += part.cut_texts;
  }
  if (options_.skip > 0) all.skips.assign(count, options_.skip);
  return all;
}

std::vector<TextGroup> GroupTexts(const TokenizedTexts& texts, std::size_t threads) {
  const std::size_t count = texts.size();
  const std::size_t fair = texts.ids.size() / (threads * kGroupsPerThread) + 1;
  const std::size_t target = threads == 1 ? kGroupTokens : std::min(kGroupTokens, fair);
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
