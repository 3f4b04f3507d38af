// ShortWords: from the short words of a vocabulary to their ids, by one look at one cache line.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/flat_array.h"

namespace merle {

// An immutable hash table of what a trie knows too: a word that is not found here may still be in
// the vocabulary. A slot of 16 bytes holds the whole word. Linear probing: what comes first gets
// the first slot, and vocabularies begin with the frequent words; what would get none of the first
// few is left out, so that nobody can make a vocabulary that is slow.
//
// A flat array without pointers, which is written to a file and used from there as it is.
class ShortWords {
 public:
  static constexpr std::size_t kMostBytes = 11;

  // What a slot is found by: the bytes of a word, zeros up to 11, and its length.
  struct Key {
    std::uint64_t low;
    std::uint32_t high;  // Never 0.
  };
  // `bytes_8_to_10`: 0 after the end of the word, as in `bytes_0_to_7`. `size`: 1 to kMostBytes.
  static Key KeyOf(std::uint64_t bytes_0_to_7, std::uint64_t bytes_8_to_10,
                   std::size_t size) noexcept {
    return {bytes_0_to_7, static_cast<std::uint32_t>(bytes_8_to_10 | size << 24)};
  }

  struct Entry {
    std::string_view word;  // Longer ones than kMostBytes are left out.
    std::int32_t id;
  };
  explicit ShortWords(std::span<const Entry> entries);

  struct Slot {
    std::uint64_t low = 0;
    std::uint32_t high = 0;  // 0: the slot is free.
    std::int32_t id = -1;
  };
  static_assert(sizeof(Slot) == 16);

  // The table with the slots() of another. Nothing unless, whatever else stands in them, every
  // search stays among them and finds ids below `id_limit`.
  static std::optional<ShortWords> FromSlots(FlatArray<Slot> slots, std::int32_t id_limit);
  const FlatArray<Slot>& slots() const { return slots_; }

  // The id of the word with this key, or -1.
  std::int32_t Find(Key key) const noexcept {
    std::size_t i = Home(key, shift_);
    for (int probes = 0; probes < kProbes; ++probes) {
      if (slots_[i].low == key.low && slots_[i].high == key.high) return slots_[i].id;
      if (slots_[i].high == 0) break;
      i = (i + 1) & (slots_.size() - 1);
    }
    return -1;
  }

 private:
  static constexpr int kProbes = 16;

  static int ShiftOf(std::size_t slots) noexcept { return 64 - std::countr_zero(slots); }

  // The top bits of products with odd numbers, so that every byte of the key counts.
  static std::size_t Home(Key key, int shift) noexcept {
    const std::uint64_t product = key.low * 0xD6E8FEB86659FD93u + key.high * 0x9E3779B97F4A7C15u;
    return static_cast<std::size_t>(product >> shift);
  }
  static std::vector<Slot> Build(std::span<const Entry> entries);

  FlatArray<Slot> slots_;  // A power of 2, at least half of them free.
  int shift_;              // 64 - log2(slots).
};

}  // namespace merle
