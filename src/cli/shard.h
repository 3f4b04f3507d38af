// Which texts of an input are this process's, where several share the work.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace merle {

// Shard i of n takes every n-th text, from the i-th on: text k, from 0 and without the bad rows, is
// in shard k % n + 1. So the shards are equally long wherever in the input the long texts are,
// nobody need know how many texts there are, and standard input will do. Row r of shard i is row
// r * n + i - 1 of the whole.
struct Shard {
  std::size_t number = 1;  // i, from 1.
  std::size_t count = 1;   // n.

  bool Takes(std::size_t text) const { return text % count == number - 1; }
};

// "2/8"; nothing where it isn't two whole numbers i/n with 1 <= i <= n.
std::optional<Shard> ParseShard(const std::string& text);

}  // namespace merle
