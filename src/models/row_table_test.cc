#include "models/row_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/error_matcher.h"
#include "base/test_folder.h"
#include "tensor/matrix.h"
#include "tensor/safetensors.h"
#include "tensor/vector_file.h"

namespace merle {
namespace {

constexpr std::size_t kRows = 1003;  // No multiple of a block.
constexpr std::size_t kCols = 7;

class RowTableTest : public testing::Test {
 protected:
  RowTableTest() {
    Matrix<float> rows(kRows, kCols);
    for (std::size_t i = 0; i < kRows * kCols; ++i) rows.data()[i] = static_cast<float>(i);
    auto writer =
        VectorWriter::ToFile(path_, {.format = VectorFormat::kSafetensors, .cols = kCols});
    writer.Append(rows.view());
    writer.Finish();
    file_ = std::make_shared<const SafetensorsFile>(SafetensorsFile::Open(path_));
  }
  RowTable Table() const { return RowTable(file_, *file_->Find("embeddings")); }
  static bool IsRow(std::size_t r, std::span<const float> row) {
    return row.size() == kCols && row[0] == static_cast<float>(r * kCols) &&
           row[kCols - 1] == static_cast<float>(r * kCols + kCols - 1);
  }

  const TestFolder folder_;
  const std::string path_ = folder_.Path("rows");
  std::shared_ptr<const SafetensorsFile> file_;
};

TEST_F(RowTableTest, GivesEveryRowInAnyOrder) {
  const RowTable table = Table();
  for (std::size_t i = 0; i < 2 * kRows; ++i) {
    const std::size_t r = i * 389 % kRows;
    EXPECT_TRUE(IsRow(r, table.Row(r))) << r;
  }
}

TEST_F(RowTableTest, GivesThemToManyThreads) {
  const RowTable table = Table();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t r = t % 2; r < kRows; ++r) wrong += IsRow(r, table.Row(r)) ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(RowTableTest, AFileThatIsCutIsAnErrorForTheRowsThatWereNotReadYet) {
  const RowTable table = Table();
  table.Row(kRows - 1);
  std::filesystem::resize_file(path_, 200);
  EXPECT_TRUE(IsRow(kRows - 1, table.Row(kRows - 1)));
  for (int i = 0; i < 2; ++i) {  // And stays one.
    EXPECT_THAT([&] { table.Row(500); },
                ThrowsError(ErrorCode::kDataLoss, testing::HasSubstr(path_)));
  }
}

}  // namespace
}  // namespace merle
