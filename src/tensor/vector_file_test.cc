#include "tensor/vector_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/error_matcher.h"
#include "base/file.h"
#include "base/test_folder.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"
#include "tensor/npy.h"
#include "tensor/safetensors.h"
#include "tensor/safetensors_writer.h"

namespace merle {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class VectorFileTest : public testing::Test {
 protected:
  const TestFolder folder_;
};

Matrix<float> Counting(std::size_t rows, std::size_t cols, float first = 0) {
  Matrix<float> matrix(rows, cols);
  for (std::size_t i = 0; i < rows * cols; ++i) matrix.data()[i] = first + static_cast<float>(i);
  return matrix;
}

TEST_F(VectorFileTest, NpyHoldsTheRowsOfAllAppends) {
  auto writer =
      VectorWriter::ToFile(folder_.Path("a.npy"), {.format = VectorFormat::kNpy, .cols = 3});
  writer.Append(Counting(2, 3).view());
  writer.Append(Counting(0, 3).view());
  writer.Append(Counting(1, 3, 6).view());
  EXPECT_EQ(writer.rows(), 3u);
  writer.Finish();
  const Matrix<float> read = ReadNpy(folder_.Path("a.npy"));
  ASSERT_EQ(read.rows(), 3u);
  EXPECT_TRUE(std::ranges::equal(std::span(read.data(), 9), std::span(Counting(3, 3).data(), 9)));
}

TEST_F(VectorFileTest, SafetensorsHoldsOneTensor) {
  auto writer =
      VectorWriter::ToFile(folder_.Path("a"), {.format = VectorFormat::kSafetensors, .cols = 2});
  writer.Append(Counting(3, 2).view());
  writer.Finish();
  const auto file = SafetensorsFile::Open(folder_.Path("a"));
  const auto* tensor = file.Find("embeddings");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->dtype, DType::kF32);
  EXPECT_THAT(tensor->shape, ElementsAre(3, 2));
  float last = 0;
  std::memcpy(&last, file.Bytes(*tensor).data() + 20, sizeof last);
  EXPECT_EQ(last, 5.0F);
}

TEST_F(VectorFileTest, BytesKeepTheirType) {
  Matrix<std::int8_t> bytes(1, 2);
  bytes.Row(0)[0] = -128;
  auto writer = VectorWriter::ToFile(
      folder_.Path("a"), {.format = VectorFormat::kNpy, .dtype = DType::kI8, .cols = 2});
  writer.Append(std::as_const(bytes).view());
  writer.Finish();
  EXPECT_EQ(ReadFile(folder_.Path("a"), 1000),
            NpyHeader(DType::kI8, 1, 2) + std::string("\x80\0", 2));
}

TEST_F(VectorFileTest, RowsOfAViewWithAStrideArePacked) {
  const Matrix<float> wide = Counting(2, 4);
  auto writer = VectorWriter::ToFile(folder_.Path("a.npy"), {.cols = 2});
  writer.Append(wide.view().Cols(1, 2));
  writer.Finish();
  const Matrix<float> read = ReadNpy(folder_.Path("a.npy"));
  EXPECT_THAT(std::span(read.data(), 4), ElementsAre(1, 2, 5, 6));
}

TEST_F(VectorFileTest, WithoutFinishNothingChanges) {
  {
    auto writer = VectorWriter::ToFile(folder_.Path("a.npy"), {.cols = 1});
    writer.Append(Counting(5, 1).view());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(VectorFileTest, RefusesRowsOfAnotherShapeOrType) {
  auto writer = VectorWriter::ToFile(folder_.Path("a.npy"), {.cols = 2});
  EXPECT_THROW(writer.Append(Counting(1, 3).view()), Error);
  EXPECT_THROW(writer.Append(std::as_const(*std::make_unique<Matrix<std::int8_t>>(1, 2)).view()),
               Error);
  EXPECT_EQ(writer.rows(), 0u);
}

// The same bytes as a file, whether the number of rows was known or not.
TEST_F(VectorFileTest, RefusesRowsAfterTheEnd) {
  auto writer = VectorWriter::ToFile(folder_.Path("x.npy"), {.cols = 2});
  writer.Finish();
  EXPECT_THROW(writer.Append(Matrix<float>(1, 2).view()), Error);
  EXPECT_THROW(writer.Finish(), Error);
}

TEST_F(VectorFileTest, RefusesTypesThatItCanNotWrite) {
  EXPECT_THROW(VectorWriter::ToFile(folder_.Path("x.npy"), {.dtype = DType::kF16}), Error);
}

TEST_F(VectorFileTest, ASinkGetsTheBytesOfTheFile) {
  for (const VectorFormat format : {VectorFormat::kNpy, VectorFormat::kSafetensors}) {
    for (const auto rows : {std::optional<std::size_t>(2), std::optional<std::size_t>()}) {
      std::string sunk;
      const VectorFileOptions options{.format = format, .cols = 2};
      auto sink =
          VectorWriter::ToSink([&](std::string_view bytes) { sunk += bytes; }, options, rows);
      auto file = VectorWriter::ToFile(folder_.Path("a"), options);
      for (auto* writer : {&sink, &file}) {
        writer->Append(Counting(2, 2).view());
        writer->Finish();
      }
      EXPECT_EQ(sunk, ReadFile(folder_.Path("a"), 1000));
    }
  }
}

TEST_F(VectorFileTest, ASinkHoldsItsCallerToTheNumberOfRows) {
  auto writer = VectorWriter::ToSink([](std::string_view) {}, {.cols = 1}, 2);
  writer.Append(Counting(1, 1).view());
  EXPECT_THROW(writer.Finish(), Error);
  EXPECT_THROW(writer.Append(Counting(2, 1).view()), Error);
}

TEST_F(VectorFileTest, NamesTheFileAndTheTensorThatItCanNotRead) {
  const std::string bytes =
      folder_.Write("i8.safetensors", SafetensorsHeader("embeddings", DType::kI8, 1, 2) + "ab");
  EXPECT_THAT([&] { ReadVectorFile(bytes); },
              ThrowsError(ErrorCode::kUnimplemented,
                          AllOf(HasSubstr(bytes + ": tensor 'embeddings'"), HasSubstr("I8"))));
  const std::string no_columns = folder_.Write(
      "0.safetensors", SafetensorsHeader("embeddings", DType::kF32, 1'000'000'000'000'000'000, 0));
  EXPECT_THAT([&] { ReadVectorFile(no_columns); },
              ThrowsError(ErrorCode::kUnimplemented, HasSubstr("rows without numbers")));
}

TEST_F(VectorFileTest, NumbersThatAreNotFiniteAreRefused) {
  for (const char* name : {"a.npy", "a.safetensors"}) {
    for (const float bad : {NAN, HUGE_VALF, -HUGE_VALF}) {
      Matrix<float> rows(3, 2);
      rows.Row(1)[1] = bad;
      auto writer = VectorWriter::ToFile(folder_.Path(name),
                                         {.format = *VectorFormatOfPath(name), .cols = 2});
      writer.Append(std::as_const(rows).view());
      writer.Finish();
      EXPECT_THAT([&] { ReadVectorFile(folder_.Path(name)); },
                  ThrowsError(ErrorCode::kDataLoss,
                              AllOf(HasSubstr(name), HasSubstr("row 1"), HasSubstr("not finite"))));
    }
  }
}

TEST(SafetensorsHeader, HasOneSizeForEveryShape) {
  const std::string name(60, 'x');
  EXPECT_EQ(SafetensorsHeader(name, DType::kF32, 0, 1).size(), kSafetensorsHeaderBytes);
  EXPECT_EQ(SafetensorsHeader(name, DType::kU8, INT64_MAX, 1).size(), kSafetensorsHeaderBytes);
}

TEST(VectorFormat, ComesFromTheEnding) {
  EXPECT_EQ(VectorFormatOfPath("a/b.npy"), VectorFormat::kNpy);
  EXPECT_EQ(VectorFormatOfPath("b.safetensors"), VectorFormat::kSafetensors);
  EXPECT_EQ(VectorFormatOfPath("b.jsonl"), std::nullopt);
}

}  // namespace
}  // namespace merle
