// A checksum of many bytes at the speed of memory.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace merle {

// Against damage, not attackers. Four chains of multiplications, which are one to one, so that no
// change of a single word of 8 bytes goes unseen. The value may differ between machines.
class FastChecksum {
 public:
  // Where one piece ends and the next begins makes no difference.
  void Add(std::string_view bytes) {
    size_ += bytes.size();
    if (waiting_ > 0 || bytes.size() < kBlock) bytes.remove_prefix(Wait(bytes));
    while (bytes.size() >= kBlock) {
      Mix(std::span(bytes).first<kBlock>());
      bytes.remove_prefix(kBlock);
    }
    Wait(bytes);
  }

  std::uint64_t value() const {
    FastChecksum whole = *this;
    std::fill(whole.block_.begin() + static_cast<std::ptrdiff_t>(waiting_), whole.block_.end(),
              '\0');
    whole.Mix(whole.block_);
    std::uint64_t sum = size_;
    for (const std::uint64_t lane : whole.lanes_) {
      sum = std::rotl((sum ^ lane) * 0x9e3779b97f4a7c15u, 31);
    }
    return sum;
  }

 private:
  static constexpr std::size_t kBlock = 32;

  // Takes what fits behind the bytes that wait for a whole block, and returns how many those are.
  std::size_t Wait(std::string_view bytes) {
    const std::size_t taken = bytes.copy(block_.data() + waiting_, kBlock - waiting_);
    waiting_ += taken;
    if (waiting_ == kBlock) {
      Mix(block_);
      waiting_ = 0;
    }
    return taken;
  }

  void Mix(std::span<const char, kBlock> block) {
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      std::uint64_t word = 0;
      std::memcpy(&word, block.data() + 8 * lane, 8);
      lanes_[lane] = std::rotl((lanes_[lane] ^ word) * 0x9e3779b97f4a7c15u, 29);
    }
  }

  std::array<std::uint64_t, 4> lanes_ = {1, 2, 3, 4};
  std::array<char, kBlock> block_{};
  std::size_t waiting_ = 0;  // Bytes in block_.
  std::uint64_t size_ = 0;
};

}  // namespace merle
