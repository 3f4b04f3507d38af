#include "cli/vector_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error_matcher.h"
#include "base/growing_file.h"
#include "base/test_folder.h"
#include "documents/record.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

constexpr std::size_t kDim = 3;

// Rows [first, last), whose contents follow from their numbers.
void AppendRows(VectorStore& store, std::size_t first, std::size_t last) {
  std::vector<Record> records(last - first);
  Matrix<float> vectors(last - first, kDim);
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].row = 2 * (first + i);
    records[i].id = std::string(i % 5, 'x') + std::to_string(first + i);
    for (float& x : vectors.Row(i)) x = static_cast<float>(first + i) / 3;
  }
  store.Append(records, std::as_const(vectors).view());
}

TEST(VectorStoreTest, GivesBackWhatItGot) {
  const TestFolder folder;
  for (const std::size_t rows : {0, 1, 4096, 4097, 100000}) {
    GrowingFile file = GrowingFile::Temporary(folder.path());
    VectorStore store(file, kDim);
    AppendRows(store, 0, rows / 3);
    AppendRows(store, rows / 3, rows);
    for (int pass = 0; pass < 2; ++pass) {
      std::size_t row = 0;
      store.ForEachBlock([&](std::span<const Record> records, MatrixView<const float> vectors) {
        ASSERT_EQ(records.size(), vectors.rows());
        for (std::size_t i = 0; i < records.size(); ++i, ++row) {
          ASSERT_EQ(records[i].row, 2 * row);
          ASSERT_TRUE(records[i].id.ends_with(std::to_string(row)));
          ASSERT_EQ(vectors.At(i, kDim - 1), static_cast<float>(row) / 3);
        }
      });
      EXPECT_EQ(row, rows);
    }
  }
}

TEST(VectorStoreTest, RefusesAFileThatSomebodyHasCut) {
  const TestFolder folder;
  GrowingFile file = GrowingFile::Temporary(folder.path());
  VectorStore store(file, kDim);
  AppendRows(store, 0, 10);
  const std::size_t whole = file.size();
  for (std::size_t bytes = whole - 1; bytes > whole - 20; --bytes) {
    file.Cut(bytes);
    EXPECT_THAT([&] { store.ForEachBlock([](auto, auto) {}); }, ThrowsError(ErrorCode::kDataLoss));
  }
}

}  // namespace
}  // namespace merle
