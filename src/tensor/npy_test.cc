#include "tensor/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_matcher.h"
#include "base/format.h"
#include "base/test_folder.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class NpyTest : public testing::Test {
 protected:
  Matrix<float> Read(std::string_view bytes) const {
    return ReadNpy(folder_.Write("a.npy", bytes));
  }

  const TestFolder folder_;
};

// A file of version 1.0 with this header text and data.
std::string File(std::string_view header, std::string_view data) {
  std::string bytes = "\x93NUMPY\x01";
  bytes += {'\0', static_cast<char>(header.size()), '\0'};
  return bytes.append(header).append(data);
}

template <typename T>
std::string Bytes(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::vector<float> Values(const Matrix<float>& matrix) {
  return {matrix.data(), matrix.data() + matrix.rows() * matrix.cols()};
}

TEST(NpyHeader, IsWhatNumpyWrites) {
  // numpy 2.3: numpy.save of numpy.zeros((2, 3), "f4").
  std::string expected = "\x93NUMPY\x01";
  expected += {'\0', 'v', '\0'};
  expected += "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  expected += std::string(58, ' ') + '\n';
  EXPECT_EQ(NpyHeader(DType::kF32, 2, 3), expected);
}

TEST(NpyHeader, HasOneSizeForEveryShape) {
  EXPECT_EQ(NpyHeader(DType::kI8, 0, 1).size(), kNpyHeaderBytes);
  EXPECT_EQ(NpyHeader(DType::kU8, SIZE_MAX, SIZE_MAX).size(), kNpyHeaderBytes);
}

TEST_F(NpyTest, ReadsWhatTheHeaderAnnounces) {
  const auto matrix = Read(NpyHeader(DType::kF32, 2, 3) + Bytes<float>({1, -2, 3.5, 4, 5, 1e-30F}));
  EXPECT_EQ(matrix.rows(), 2u);
  EXPECT_THAT(Values(matrix), ElementsAre(1, -2, 3.5, 4, 5, 1e-30F));
}

TEST_F(NpyTest, ConvertsHalvesAndDoubles) {
  EXPECT_THAT(Values(Read(NpyHeader(DType::kF16, 1, 2) + Bytes<std::uint16_t>({0x3C00, 0xC000}))),
              ElementsAre(1, -2));
  EXPECT_THAT(Values(Read(NpyHeader(DType::kF64, 1, 2) + Bytes<double>({0.1, 2}))),
              ElementsAre(0.1F, 2));
}

TEST_F(NpyTest, AVectorIsOneRow) {
  const auto matrix = Read(
      File("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", Bytes<float>({1, 2})));
  EXPECT_EQ(matrix.rows(), 1u);
  EXPECT_THAT(Values(matrix), ElementsAre(1, 2));
}

TEST_F(NpyTest, NoRowsAreFine) { EXPECT_EQ(Read(NpyHeader(DType::kF32, 0, 384)).cols(), 384u); }

TEST_F(NpyTest, ReadsVersion2WithKeysInAnyOrder) {
  const std::string header = "{\"shape\":(1,1),'fortran_order':False,'descr':'<f4'}";
  std::string bytes = "\x93NUMPY\x02";
  bytes += {'\0', static_cast<char>(header.size()), '\0', '\0', '\0'};
  EXPECT_THAT(Values(Read(bytes + header + Bytes<float>({7}))), ElementsAre(7));
}

TEST_F(NpyTest, MissingFileIsNotFound) {
  EXPECT_THAT([&] { ReadNpy(folder_.Path("none")); }, ThrowsError(ErrorCode::kNotFound));
}

struct BadCase {
  const char* name;
  std::string bytes;
  ErrorCode code;
  const char* message;
};

class NpyErrors : public NpyTest, public testing::WithParamInterface<BadCase> {};

TEST_P(NpyErrors, NameTheProblem) {
  EXPECT_THAT([&] { Read(GetParam().bytes); },
              ThrowsError(GetParam().code, AllOf(HasSubstr(folder_.Path("a.npy") + ": "),
                                                 HasSubstr(GetParam().message))));
}

std::string Header(std::string_view shape, std::string_view rest = "}") {
  return Format("{{'descr': '<f4', 'fortran_order': False, 'shape': {}{}", shape, rest);
}

const std::string kGood = NpyHeader(DType::kF32, 1, 2) + Bytes<float>({1, 2});

INSTANTIATE_TEST_SUITE_P(
    Hostile, NpyErrors,
    testing::ValuesIn(std::vector<BadCase>{
        {"Empty", "", ErrorCode::kDataLoss, "not a .npy file"},
        {"OtherMagic", "PK\x03\x04 and so on", ErrorCode::kDataLoss, "not a .npy file"},
        {"OnlyMagic", "\x93NUMPY\x01", ErrorCode::kDataLoss, "not a .npy file"},
        {"Version9", std::string("\x93NUMPY\x09\0\0\0", 10), ErrorCode::kUnimplemented,
         "version 9"},
        {"CutInTheHeader", kGood.substr(0, 50), ErrorCode::kDataLoss, "118 bytes"},
        {"CutBehindTheVersion", std::string("\x93NUMPY\x02\0\0\0", 10), ErrorCode::kDataLoss,
         "cut off"},
        {"CutInTheData", kGood.substr(0, kGood.size() - 1), ErrorCode::kDataLoss, "1 x 2 numbers"},
        {"MoreData", kGood + 'x', ErrorCode::kDataLoss, "1 x 2 numbers"},
        {"HugeHeader", std::string("\x93NUMPY\x02\0\xFF\xFF\xFF\xFF", 12), ErrorCode::kDataLoss,
         "4294967295"},
        {"SizesThatOverflow", File(Header("(4611686018427387905, 4)"), "0123456789abcdef"),
         ErrorCode::kDataLoss, "4611686018427387905 x 4"},
        {"ASizeAbove64Bits", File(Header("(99999999999999999999, 1)"), ""), ErrorCode::kDataLoss,
         "header can't be read"},
        {"ANegativeSize", File(Header("(-1, 4)"), ""), ErrorCode::kDataLoss, "header"},
        {"NoShape", File("{'descr': '<f4', 'fortran_order': False}", ""), ErrorCode::kDataLoss,
         "header"},
        {"ShapeTwice", File(Header("(1,1)", ", 'shape': (1,1)}"), ""), ErrorCode::kDataLoss,
         "header"},
        {"UnknownKey", File(Header("(1,1)", ", 'x': 1}"), ""), ErrorCode::kDataLoss, "header"},
        {"NoClosingBrace", File(Header("(1,1)", ""), ""), ErrorCode::kDataLoss, "header"},
        {"OpenString", File("{'descr", ""), ErrorCode::kDataLoss, "header"},
        {"TextBehindTheDict", File(Header("(1,1)", "} x"), ""), ErrorCode::kDataLoss, "header"},
        {"Structured", File("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", ""),
         ErrorCode::kDataLoss, "one plain array"},
        {"Integers", NpyHeader(DType::kI8, 1, 1) + 'x', ErrorCode::kUnimplemented, "'|i1'"},
        {"BigEndian", File("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "0123"),
         ErrorCode::kUnimplemented, "'>f4'"},
        {"FortranOrder", File("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1)}", "0123"),
         ErrorCode::kUnimplemented, "Fortran"},
        {"ThreeDimensions", File(Header("(1, 1, 1)"), "0123"), ErrorCode::kUnimplemented,
         "3 dimensions"},
        {"RowsWithoutColumns", File(Header("(1000000000000000000, 0)"), ""),
         ErrorCode::kUnimplemented, "rows without numbers"},
        {"AScalar", File(Header("()"), "0123"), ErrorCode::kUnimplemented, "0 dimensions"},
    }),
    [](const auto& test) { return test.param.name; });

TEST_F(NpyTest, EveryCutFileIsRefused) {
  for (std::size_t size = 0; size < kGood.size(); ++size) {
    EXPECT_THROW(Read(std::string_view(kGood).substr(0, size)), Error) << size;
  }
}

}  // namespace
}  // namespace merle
