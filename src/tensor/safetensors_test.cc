#include "tensor/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_matcher.h"
#include "base/test_folder.h"
#include "tensor/dtype.h"

namespace merle {
namespace {

// Writes files of a header and a number of data bytes, and says how opening them ends.
class SafetensorsTest : public testing::Test {
 protected:
  static std::string File(std::string_view header, std::size_t data_bytes) {
    const std::uint64_t length = header.size();
    std::string bytes(sizeof length, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    bytes += header;
    for (std::size_t i = 0; i < data_bytes; ++i) bytes.push_back(static_cast<char>(i));
    return bytes;
  }

  SafetensorsFile Open(const std::string& bytes) {
    return SafetensorsFile::Open(folder_.Write("file", bytes));
  }

  const TestFolder folder_;
};

TEST_F(SafetensorsTest, ReadsTensorsInAnyOrderOfNames) {
  const auto file = Open(File(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
      R"("a":{"dtype":"I8","shape":[1,3],"data_offsets":[8,11]}}   )",
      11));
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_THAT(file.Find("a")->shape, testing::ElementsAre(1, 3));
  EXPECT_EQ(file.Bytes(*file.Find("a"))[0], std::byte{8});
  EXPECT_EQ(file.Find("b")->dtype, DType::kF32);
  EXPECT_EQ(file.Find("c"), nullptr);
}

TEST_F(SafetensorsTest, AcceptsEmptyTensorsAndScalars) {
  const auto file = Open(File(R"({"none":{"dtype":"F32","shape":[0,4],"data_offsets":[0,0]},)"
                              R"("scalar":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})",
                              4));
  EXPECT_EQ(file.Find("none")->elements, 0u);
  EXPECT_EQ(file.Find("scalar")->elements, 1u);
}

TEST_F(SafetensorsTest, RefusesAMissingFile) {
  EXPECT_THAT([] { SafetensorsFile::Open("no/such/file"); }, ThrowsError(ErrorCode::kNotFound));
}

struct Damage {
  const char* name;
  std::string header;
  std::size_t data_bytes;
  const char* says;
  ErrorCode code = ErrorCode::kDataLoss;
};

class SafetensorsDamage : public SafetensorsTest, public testing::WithParamInterface<Damage> {};

TEST_P(SafetensorsDamage, IsReported) {
  EXPECT_THAT([&] { Open(File(GetParam().header, GetParam().data_bytes)); },
              ThrowsError(GetParam().code, testing::AllOf(testing::HasSubstr(folder_.Path("file")),
                                                          testing::HasSubstr(GetParam().says))));
}

std::string One(const std::string& tensor) { return "{\"a\":" + tensor + "}"; }

INSTANTIATE_TEST_SUITE_P(
    Rules, SafetensorsDamage,
    testing::ValuesIn(std::vector<Damage>{
        {"EmptyHeader", "", 0, "does not start with"},
        {"LeadingSpace", " {}", 0, "does not start with"},
        {"NotJson", "{\"a\":", 0, "not valid JSON"},
        {"NotUtf8", "{\"\xFF\":1}", 0, "not valid JSON"},
        {"TensorIsNoObject", One("3"), 0, "must be an object"},
        {"NoDtype", One(R"({"shape":[1],"data_offsets":[0,4]})"), 4, "dtype"},
        {"UnknownDtype", One(R"({"dtype":"F3","shape":[1],"data_offsets":[0,4]})"), 4, "F3",
         ErrorCode::kUnimplemented},
        {"ShapeIsNoArray", One(R"({"dtype":"F32","shape":1,"data_offsets":[0,4]})"), 4, "shape"},
        {"NegativeShape", One(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})"), 4, "-1"},
        {"FractionalShape", One(R"({"dtype":"F32","shape":[1.5],"data_offsets":[0,4]})"), 4,
         "integer"},
        {"ShapeOverflows",
         One(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})"), 0,
         "too large"},
        {"BytesOverflow",
         One(R"({"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]})"), 4,
         "too large"},
        {"TooManyDimensions",
         One(R"({"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]})"), 4,
         "9 dimensions"},
        {"OneOffset", One(R"({"dtype":"F32","shape":[1],"data_offsets":[0]})"), 4, "two"},
        {"NegativeOffset", One(R"({"dtype":"F32","shape":[1],"data_offsets":[-4,0]})"), 4, "-4"},
        {"HugeOffset",
         One(R"({"dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,18446744073709551616]})"),
         4, "'data_offsets' must be an integer"},
        {"ReversedOffsets", One(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})"), 4,
         "4 to 0"},
        {"SizeOffByOne", One(R"({"dtype":"F32","shape":[1],"data_offsets":[0,5]})"), 5, "need 4"},
        {"DataTooShort", One(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})"), 7, "7 bytes"},
        {"DataTooLong", One(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})"), 5, "5 bytes"},
        {"Gap", One(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})"), 8, "starts at byte 4"},
        {"Overlap",
         R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
         6, "'b' starts at byte 2"},
        {"NameTwice",
         R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
         2, "stands twice"},
        {"MetadataIsNested", R"({"__metadata__":{"x":{}}})", 0, "'x' must be a string"},
    }),
    [](const auto& test) { return test.param.name; });

TEST_F(SafetensorsTest, RefusesEveryCutOfASmallFile) {
  const std::string whole = File(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(Open(whole.substr(0, size)), Error) << size;
  }
}

TEST_F(SafetensorsTest, RefusesHeaderLengthsBeyondTheFile) {
  for (const std::uint64_t length :
       {3ull, 100'000'000ull, 100'000'001ull, 1ull << 31, 1ull << 63, ~0ull - 7, ~0ull}) {
    std::string bytes = File("{}", 0);
    std::memcpy(bytes.data(), &length, sizeof length);
    EXPECT_THROW(Open(bytes), Error) << length;
  }
}

}  // namespace
}  // namespace merle
