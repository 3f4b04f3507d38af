#include "tokenizers/short_words.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/flat_array.h"

namespace merle {
namespace {

ShortWords::Key KeyOfWord(std::string_view word) {
  char bytes[16] = {};
  std::memcpy(bytes, word.data(), word.size());
  std::uint64_t halves[2];
  std::memcpy(halves, bytes, sizeof halves);
  return ShortWords::KeyOf(halves[0], halves[1], word.size());
}

}  // namespace

ShortWords::ShortWords(std::span<const Entry> entries)
    : slots_(Build(entries)), shift_(ShiftOf(slots_.size())) {}

std::vector<ShortWords::Slot> ShortWords::Build(std::span<const Entry> entries) {
  std::vector<Slot> slots(std::bit_ceil(std::max<std::size_t>(2 * entries.size(), 2)));
  const int shift = ShiftOf(slots.size());
  for (const auto& [word, id] : entries) {
    if (word.empty() || word.size() > kMostBytes) continue;
    const Key key = KeyOfWord(word);
    std::size_t i = Home(key, shift);
    for (int probes = 0; probes < kProbes; ++probes, i = (i + 1) & (slots.size() - 1)) {
      if (slots[i].high != 0) continue;
      slots[i] = {key.low, key.high, id};
      break;
    }
  }
  return slots;
}

std::optional<ShortWords> ShortWords::FromSlots(FlatArray<Slot> slots, std::int32_t id_limit) {
  if (slots.size() < 2 || !std::has_single_bit(slots.size())) return std::nullopt;
  std::int32_t lowest = -1, highest = -1;
  for (const Slot& slot : slots) {
    lowest = std::min(lowest, slot.id);
    highest = std::max(highest, slot.id);
  }
  if (lowest < -1 || highest >= id_limit) return std::nullopt;
  ShortWords words(std::span<const Entry>{});
  words.shift_ = ShiftOf(slots.size());
  words.slots_ = std::move(slots);
  return words;
}

}  // namespace merle
