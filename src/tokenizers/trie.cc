#include "tokenizers/trie.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/flat_array.h"
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
  std::uint32_t node, begin, end, depth;
};

// The bytes of a node's children, and where the entries of each begin; then the end of all.
struct Children {
  std::string bytes;
  std::vector<std::uint32_t> starts;
};

// Hands out slots of the double array.
class Slots {
 public:
  Slots() { Take(Trie::kRoot, std::string_view("\0", 1)); }

  std::uint32_t size() const { return static_cast<std::uint32_t>(64 * free_.size()); }

  // Finds a base so that base ^ byte is free for every byte, and takes those slots. An only child
  // fits into any free slot, and fills the holes that the others leave.
  std::uint32_t Place(std::string_view bytes) {
    std::size_t& lowest = bytes.size() == 1 ? lowest_free_ : lowest_tried_;
    while (lowest < free_.size() && free_[lowest] == 0) ++lowest;
    const auto first = static_cast<unsigned char>(bytes[0]);
    int tries = 0;
    for (std::size_t i = lowest; i < free_.size() && tries < kTries; ++i) {
      for (std::uint64_t left = free_[i]; left != 0 && tries < kTries; left &= left - 1) {
        const auto slot =
            static_cast<std::uint32_t>(64 * i) + static_cast<std::uint32_t>(std::countr_zero(left));
        if (Fits(slot ^ first, bytes)) return Take(slot ^ first, bytes);
        // Slots that were in vain for many nodes are given up, or the search would grow without
        // end.
        if (++tries == kTries) lowest = i + 1;
      }
    }
    const std::uint32_t base = size();
    free_.resize(free_.size() + kWords, ~std::uint64_t{0});
    return Take(base, bytes);
  }

 private:
  static constexpr std::size_t kWords = kBlock / 64;

  bool Fits(std::uint32_t base, std::string_view bytes) const {
    return std::all_of(bytes.begin(), bytes.end(), [&](char byte) {
      const std::uint32_t slot = base ^ static_cast<unsigned char>(byte);
      return (free_[slot / 64] >> slot % 64 & 1) != 0;
    });
  }

  std::uint32_t Take(std::uint32_t base, std::string_view bytes) {
    for (const char byte : bytes) {
      const std::uint32_t slot = base ^ static_cast<unsigned char>(byte);
      free_[slot / 64] &= ~(std::uint64_t{1} << slot % 64);
    }
    return base;
  }

  // One bit a slot: 1 if it is free.
  std::vector<std::uint64_t> free_ = std::vector<std::uint64_t>(kWords, ~std::uint64_t{0});
  std::size_t lowest_free_ = 0;   // All slots in the words before are taken,
  std::size_t lowest_tried_ = 0;  // or here given up.
};

// Sorts the entries from `begin` to `end`, which share their first `depth` bytes, by what follows
// there: first the one that ends, then by the byte. To sort at each node what is there beats
// sorting all entries first: half of the nodes have one.
class ByteSorter {
 public:
  using Entries = std::vector<Trie::Entry>;

  void Sort(Entries& entries, const OpenNode& open) {
    if (open.end - open.begin < kMany) {
      InsertionSort(entries, open);
    } else {
      CountingSort(entries, open);
    }
  }

 private:
  static constexpr std::uint32_t kMany = 32;

  static std::size_t Rank(const Trie::Entry& entry, std::size_t depth) {
    return entry.key.size() == depth ? 0 : 1 + static_cast<unsigned char>(entry.key[depth]);
  }

  static void InsertionSort(Entries& entries, const OpenNode& open) {
    for (std::size_t i = open.begin + 1; i < open.end; ++i) {
      const Trie::Entry entry = entries[i];
      const std::size_t rank = Rank(entry, open.depth);
      std::size_t to = i;
      for (; to > open.begin && Rank(entries[to - 1], open.depth) > rank; --to) {
        entries[to] = entries[to - 1];
      }
      entries[to] = entry;
    }
  }

  void CountingSort(Entries& entries, const OpenNode& open) {
    std::size_t starts[258] = {};
    for (std::size_t i = open.begin; i < open.end; ++i) ++starts[1 + Rank(entries[i], open.depth)];
    for (std::size_t rank = 1; rank < 258; ++rank) starts[rank] += starts[rank - 1];
    const auto begin = entries.begin() + open.begin;
    sorted_.assign(begin, entries.begin() + open.end);
    for (const Trie::Entry& entry : sorted_) {
      begin[static_cast<std::ptrdiff_t>(starts[Rank(entry, open.depth)]++)] = entry;
    }
  }

  Entries sorted_;  // Scratch memory.
};

// Groups the node's sorted entries, all longer than `depth`, by the byte there.
void GroupByByte(const std::vector<Trie::Entry>& entries, const OpenNode& open,
                 Children& children) {
  children.bytes.clear();
  children.starts.clear();
  for (std::uint32_t i = open.begin; i < open.end; ++i) {
    const char byte = entries[i].key[open.depth];
    if (!children.bytes.empty() && children.bytes.back() == byte) continue;
    children.bytes.push_back(byte);
    children.starts.push_back(i);
  }
  children.starts.push_back(open.end);
}

}  // namespace

// Puts the nodes of a trie into its array.
class Trie::Builder {
 public:
  explicit Builder(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  std::vector<Node> Build() {
    nodes_.resize(slots_.size());
    // Level by level, so that the nodes near the root, which every search visits, lie together.
    std::vector<OpenNode> level = {{kRoot, 0, static_cast<std::uint32_t>(entries_.size()), 0}};
    for (; !level.empty(); level.swap(next_), next_.clear()) {
      for (const OpenNode& open : level) {
        if (open.end - open.begin == 1) {
          AddTail(open);
        } else if (open.begin < open.end) {
          AddChildren(open);
        }
      }
    }
    return std::move(nodes_);
  }

 private:
  // All that is left of one entry: half of the nodes are in such chains.
  void AddTail(const OpenNode& open) {
    const auto& [key, value] = entries_[open.begin];
    std::uint32_t node = open.node;
    for (std::size_t depth = open.depth; depth < key.size(); ++depth) {
      node = AddChild(node, Place(node, key.substr(depth, 1)), key[depth]);
    }
    nodes_[node].value = value;
  }

  void AddChildren(OpenNode open) {
    sorter_.Sort(entries_, open);
    const auto ends_here = [&] { return entries_[open.begin].key.size() == open.depth; };
    if (ends_here()) nodes_[open.node].value = entries_[open.begin++].value;
    if (ends_here()) {
      throw Error(ErrorCode::kInvalidArgument,
                  Format("{} stands twice", Quoted(entries_[open.begin].key)));
    }
    GroupByByte(entries_, open, children_);
    const std::uint32_t base = Place(open.node, children_.bytes);
    for (std::size_t i = 0; i < children_.bytes.size(); ++i) {
      const std::uint32_t child = AddChild(open.node, base, children_.bytes[i]);
      next_.push_back({child, children_.starts[i], children_.starts[i + 1], open.depth + 1});
    }
  }

  // Finds room for the children of `node`. Returns its base.
  std::uint32_t Place(std::uint32_t node, std::string_view bytes) {
    const std::uint32_t base = slots_.Place(bytes);
    if (nodes_.size() < slots_.size()) nodes_.resize(slots_.size());
    return nodes_[node].base = base;
  }

  std::uint32_t AddChild(std::uint32_t parent, std::uint32_t base, char byte) {
    const std::uint32_t child = base ^ static_cast<unsigned char>(byte);
    nodes_[child].parent = parent;
    return child;
  }

  std::vector<Entry> entries_;
  std::vector<Node> nodes_;
  std::vector<OpenNode> next_;  // Of the next level.
  Slots slots_;
  ByteSorter sorter_;
  Children children_;
};

Trie::Trie(std::vector<Entry> entries) : nodes_(Builder(std::move(entries)).Build()) {}

std::optional<Trie> Trie::FromNodes(FlatArray<Node> nodes, std::int32_t value_limit) {
  if (nodes.size() == 0 || nodes.size() % kBlock != 0 || nodes.size() > kNone) return std::nullopt;
  std::uint32_t highest_base = 0;
  std::int32_t lowest_value = -1, highest_value = -1;
  for (const Node& node : nodes) {
    highest_base = std::max(highest_base, node.base);
    lowest_value = std::min(lowest_value, node.value);
    highest_value = std::max(highest_value, node.value);
  }
  // A child lies in the block of its parent's base, and blocks are whole.
  const bool inside = highest_base < nodes.size();
  if (!inside || lowest_value < -1 || highest_value >= value_limit) return std::nullopt;
  Trie trie;
  trie.nodes_ = std::move(nodes);
  return trie;
}

}  // namespace merle
