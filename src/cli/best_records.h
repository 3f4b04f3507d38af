// The best texts of a search that comes block by block: no other text is kept.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "documents/record.h"
#include "index/flat.h"

namespace merle {

class BestRecords {
 public:
  struct Hit {
    Record record;
    float score;
  };

  explicit BestRecords(std::size_t most) : most_(most) {}

  // Adds the hits of one block: `found` as FlatIndex::Search gives them, rows of `block`.
  void Add(std::span<const Neighbor> found, std::vector<Record> block);

  // The best, at most `most`, best first; equal scores in the order of the input, NaN last.
  const std::vector<Hit>& hits() const { return hits_; }

 private:
  std::size_t most_;
  std::vector<Hit> hits_;
};

}  // namespace merle
