#include "tokenizers/short_words.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace merle {

ShortWords::ShortWords(std::span<const Entry> entries)
    : slots_(std::bit_ceil(std::max<std::size_t>(2 * entries.size(), 2))),
      shift_(64 - std::countr_zero(slots_.size())) {
  for (const Entry& entry : entries) {
    if (!entry.word.empty() && entry.word.size() <= kMostBytes) Add(entry);
  }
}

void ShortWords::Add(const Entry& entry) {
  char bytes[16] = {};
  std::memcpy(bytes, entry.word.data(), entry.word.size());
  std::uint64_t halves[2];
  std::memcpy(halves, bytes, sizeof halves);
  const Key key = KeyOf(halves[0], halves[1], entry.word.size());
  std::size_t i = Home(key);
  for (int probes = 0; probes < kProbes; ++probes) {
    if (slots_[i].high == 0) {
      slots_[i] = {key.low, key.high, entry.id};
      return;
    }
    i = (i + 1) & (slots_.size() - 1);
  }
}

}  // namespace merle
