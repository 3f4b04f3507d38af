#include "cli/best_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "documents/record.h"
#include "index/flat.h"

namespace merle {
namespace {

// Adds a block whose texts are named by letters, all of them found, with these scores.
void AddBlock(BestRecords& best, const std::string& letters, const std::vector<float>& scores) {
  std::vector<Record> block;
  std::vector<Neighbor> found;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    block.emplace_back().text = letters[i];
    found.push_back({.row = i, .score = scores[i]});
  }
  best.Add(found, block);
}

std::string Texts(const BestRecords& best) {
  std::string texts;
  for (const auto& hit : best.hits()) texts += hit.record.text;
  return texts;
}

TEST(BestRecords, KeepsTheBestOfAllBlocks) {
  BestRecords best(3);
  EXPECT_EQ(Texts(best), "");
  AddBlock(best, "ab", {0.5F, 0.1F});
  EXPECT_EQ(Texts(best), "ab");
  AddBlock(best, "cde", {0.9F, 0.3F, 0.2F});
  EXPECT_EQ(Texts(best), "cad");
  AddBlock(best, "f", {-1});
  EXPECT_EQ(Texts(best), "cad");
}

TEST(BestRecords, GivesEqualScoresInTheOrderOfTheInputAndNaNLast) {
  BestRecords best(4);
  AddBlock(best, "ab", {0.5F, std::numeric_limits<float>::quiet_NaN()});
  AddBlock(best, "cd", {0.5F, 0.25F});
  AddBlock(best, "e", {0.5F});
  EXPECT_EQ(Texts(best), "aced");
}

}  // namespace
}  // namespace merle
