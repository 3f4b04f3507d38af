#include "tokenizers/trie.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/quote.h"

namespace merle {
namespace {

constexpr std::uint32_t kBlock = 256;
// Free slots that are tried for a node's children before a new block is opened. Bounds the time of
// building; for real vocabularies nine tenths of the slots get used.
constexpr int kTries = 32;

// A node still to be filled: the entries [begin, end) share its first `depth` bytes.
struct OpenNode {
  std::uint32_t node;
  std::size_t begin, end, depth;
};

// The first bytes of a node's children, and where the entries of each begin; then the end of all.
struct Children {
  std::string bytes;
  std::vector<std::size_t> starts;
};

// Groups the node's sorted entries, all longer than `depth`, by the byte there.
void GroupByByte(const std::vector<Trie::Entry>& entries, const OpenNode& open,
                 Children& children) {
  children.bytes.clear();
  children.starts.clear();
  for (std::size_t i = open.begin; i < open.end; ++i) {
    const char byte = entries[i].key[open.depth];
    if (!children.bytes.empty() && children.bytes.back() == byte) continue;
    children.bytes.push_back(byte);
    children.starts.push_back(i);
  }
  children.starts.push_back(open.end);
}

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
    throw Error(ErrorCode::kInvalidArgument, Format("{} stands twice", Quoted(twice->key)));
  }

  Slots slots;
  nodes_.resize(slots.size());
  std::deque<OpenNode> queue = {{kRoot, 0, entries.size(), 0}};
  for (Children children; !queue.empty(); queue.pop_front()) {
    OpenNode open = queue.front();
    if (open.begin < open.end && entries[open.begin].key.size() == open.depth) {
      nodes_[open.node].value = entries[open.begin++].value;
    }
    if (open.begin == open.end) continue;
    GroupByByte(entries, open, children);
    const std::uint32_t base = slots.Place(children.bytes);
    nodes_.resize(slots.size());
    nodes_[open.node].base = base;
    for (std::size_t i = 0; i < children.bytes.size(); ++i) {
      const std::uint32_t child = base ^ static_cast<unsigned char>(children.bytes[i]);
      nodes_[child].parent = open.node;
      queue.push_back({child, children.starts[i], children.starts[i + 1], open.depth + 1});
    }
  }
}

}  // namespace merle
