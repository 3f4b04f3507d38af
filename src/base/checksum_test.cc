#include "base/checksum.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace merle {
namespace {

struct Case {
  const char* name;
  ChecksumKind kind;
  std::vector<std::string> pieces;
  const char* digest;
};

class ChecksumOf : public testing::TestWithParam<Case> {};

TEST_P(ChecksumOf, IsTheStandardOne) {
  Checksum checksum(GetParam().kind);
  for (const std::string& piece : GetParam().pieces) checksum.Add(piece);
  EXPECT_EQ(checksum.Finish(), GetParam().digest);
}

// The digests of "" and "abc" stand in FIPS 180-4; the last is git's name of a blob "hello\n".
INSTANTIATE_TEST_SUITE_P(
    Pieces, ChecksumOf,
    testing::ValuesIn(std::vector<Case>{
        {"Nothing",
         ChecksumKind::kSha256,
         {},
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"OnePiece",
         ChecksumKind::kSha256,
         {"abc"},
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"ThreePieces",
         ChecksumKind::kSha256,
         {"a", "", "bc"},
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"Sha1", ChecksumKind::kSha1, {"abc"}, "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"GitBlob",
         ChecksumKind::kSha1,
         {std::string("blob 6\0", 7), "hello\n"},
         "ce013625030ba8dba906f756967f9e9ca394464a"},
    }),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace merle
