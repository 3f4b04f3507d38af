#include "tokenizers/trie.h"

#include <algorithm>
#include <deque>
#include <string>

#include "base/error.h"
#include "base/format.h"

namespace merle {
namespace {

constexpr std::uint32_t kBlock = 256;
// Free slots that are tried for a node's children before a new block is opened. Bounds the time of
// building; for real vocabularies nine tenths of the slots get used.
constexpr int kTries = 32;

// Hands out slots of the double array. Free slots are kept in one list in the order of their index.
class Slots {
 public:
  std::uint32_t size() const { return static_cast<std::uint32_t>(taken_.size()); }

  // Finds a base so that base ^ byte is free for every byte, and takes those slots.
  std::uint32_t Place(std::string_view bytes) {
    const auto first = static_cast<unsigned char>(bytes[0]);
    int tries = 0;
    while (lowest_ < size() && taken_[lowest_]) ++lowest_;
    for (std::uint32_t slot = lowest_; slot < size() && tries < kTries; ++slot) {
      if (taken_[slot]) continue;
      if (Fits(slot ^ first, bytes)) return Take(slot ^ first, bytes);
      // A slot that was in vain for many nodes is given up, or the search would grow without end.
      if (++tries == kTries) lowest_ = std::max(lowest_, slot - slot % kBlock);
    }
    const std::uint32_t base = size();
    taken_.resize(taken_.size() + kBlock, false);
    return Take(base, bytes);
  }

 private:
  bool Fits(std::uint32_t base, std::string_view bytes) const {
    return std::all_of(bytes.begin(), bytes.end(),
                       [&](char byte) { return !taken_[base ^ static_cast<unsigned char>(byte)]; });
  }

  std::uint32_t Take(std::uint32_t base, std::string_view bytes) {
    for (const char byte : bytes) taken_[base ^ static_cast<unsigned char>(byte)] = true;
    return base;
  }

  std::vector<bool> taken_ = [] {
    std::vector<bool> taken(kBlock, false);
    taken[Trie::kRoot] = true;
    return taken;
  }();
  std::uint32_t lowest_ = 0;  // All slots before are taken or given up.
};

}  // namespace

Trie::Trie(std::vector<Entry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.key < b.key; });
  const auto twice =
      std::adjacent_find(entries.begin(), entries.end(),
                         [](const Entry& a, const Entry& b) { return a.key == b.key; });
  if (twice != entries.end()) {
    throw Error(ErrorCode::kInvalidArgument, Format("'{}' stands twice", twice->key));
  }

  // A node still to be filled: the entries [begin, end) share its first `depth` bytes.
  struct Open {
    std::uint32_t node;
    std::size_t begin, end, depth;
  };
  Slots slots;
  nodes_.resize(slots.size());
  std::deque<Open> open = {{kRoot, 0, entries.size(), 0}};
  std::string bytes;                // Of the children of one node,
  std::vector<std::size_t> starts;  // and where the entries of each begin.
  for (; !open.empty(); open.pop_front()) {
    auto [node, begin, end, depth] = open.front();
    if (begin < end && entries[begin].key.size() == depth) {
      nodes_[node].value = entries[begin++].value;
    }
    if (begin == end) continue;
    bytes.clear();
    starts.clear();
    for (std::size_t i = begin; i < end; ++i) {
      const char byte = entries[i].key[depth];
      if (!bytes.empty() && bytes.back() == byte) continue;
      bytes.push_back(byte);
      starts.push_back(i);
    }
    starts.push_back(end);
    const std::uint32_t base = slots.Place(bytes);
    nodes_.resize(slots.size());
    nodes_[node].base = base;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const std::uint32_t child = base ^ static_cast<unsigned char>(bytes[i]);
      nodes_[child].parent = node;
      open.push_back({child, starts[i], starts[i + 1], depth + 1});
    }
  }
}

}  // namespace merle
