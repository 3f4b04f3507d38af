// A flat trie over bytes: finds which of many strings begin at a place of a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/flat_array.h"

namespace merle {

// Immutable map from strings to values >= 0. A double array (Aoe 1989) with XOR instead of
// addition, so that the children of a node lie in one block of 256 and no index needs a check.
// One flat array without pointers, which is written to a file and used from there as it is.
class Trie {
 public:
  struct Entry {
    std::string_view key;  // Not empty.
    std::int32_t value;
  };
  struct Node {
    std::uint32_t base = 0;
    std::uint32_t parent = 0xFFFFFFFF;  // kNone: the node is not used.
    std::int32_t value = -1;
  };
  static constexpr std::uint32_t kRoot = 0;
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  Trie() : Trie(std::vector<Entry>{}) {}
  // Throws kInvalidArgument if a key stands twice.
  explicit Trie(std::vector<Entry> entries);

  // The trie with the nodes() of another. Nothing unless, whatever else stands in them, every
  // search stays among them and finds values below `value_limit`.
  static std::optional<Trie> FromNodes(FlatArray<Node> nodes, std::int32_t value_limit);
  const FlatArray<Node>& nodes() const { return nodes_; }

  // The node that `byte` leads to from `node`, or kNone.
  std::uint32_t Child(std::uint32_t node, char byte) const noexcept {
    const std::uint32_t child = nodes_[node].base ^ static_cast<unsigned char>(byte);
    return nodes_[child].parent == node ? child : kNone;
  }
  // The value of the string that ends at `node`, or -1 if none does.
  std::int32_t Value(std::uint32_t node) const noexcept { return nodes_[node].value; }

  // The node that `text` leads to from the root, or kNone.
  std::uint32_t Walk(std::string_view text) const noexcept {
    std::uint32_t node = kRoot;
    for (std::size_t i = 0; i < text.size() && node != kNone; ++i) node = Child(node, text[i]);
    return node;
  }
  // The value of `key`, or -1.
  std::int32_t Find(std::string_view key) const noexcept {
    const std::uint32_t node = Walk(key);
    return node == kNone ? -1 : Value(node);
  }

  struct Match {
    std::size_t bytes;
    std::int32_t value;  // -1 if nothing matched.
  };
  // The longest string from `node` on that `text` begins with.
  Match Longest(std::uint32_t node, std::string_view text) const noexcept {
    Match match = {0, -1};
    for (std::size_t i = 0; i < text.size();) {
      node = Child(node, text[i++]);
      if (node == kNone) break;
      if (const std::int32_t value = nodes_[node].value; value >= 0) match = {i, value};
    }
    return match;
  }

 private:
  class Builder;
  FlatArray<Node> nodes_;  // Size: a multiple of 256.
};

}  // namespace merle
