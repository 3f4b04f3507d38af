#include "base/growing_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/descriptor.h"
#include "base/error_matcher.h"
#include "base/file.h"
#include "base/test_folder.h"

namespace merle {
namespace {

using testing::HasSubstr;

class GrowingFileTest : public testing::Test {
 protected:
  GrowingFile Open(const std::string& path) {
    return {Descriptor(::open(path.c_str(), O_RDWR | O_CREAT, 0666)), path};
  }
  static std::string Read(GrowingFile& file, std::size_t offset, std::size_t bytes) {
    std::string read(bytes, '?');
    file.ReadAt(offset, read);
    return read;
  }

  TestFolder folder_;
};

TEST_F(GrowingFileTest, GoesOnBehindWhatIsThere) {
  const std::string path = folder_.Write("f", "old ");
  {
    GrowingFile file = Open(path);
    EXPECT_EQ(file.size(), 4u);
    file.Write("new");
    EXPECT_EQ(file.size(), 7u);
    file.WriteAt(0, "OLD");
    file.Sync();
  }
  EXPECT_EQ(ReadFile(path, 100), "OLD new");
}

TEST_F(GrowingFileTest, WhatIsCutIsGone) {
  const std::string path = folder_.Write("f", "0123456789");
  GrowingFile file = Open(path);
  file.Write("abc");
  file.Cut(4);
  file.Write("x");
  file.Sync();
  EXPECT_EQ(ReadFile(path, 100), "0123x");
}

TEST_F(GrowingFileTest, ReadsAcrossFileAndMemory) {
  GrowingFile file = Open(folder_.Write("f", "0123456789"));
  file.Write("abcdef");
  const std::string all = "0123456789abcdef";
  for (std::size_t offset = 0; offset <= all.size(); ++offset) {
    for (std::size_t bytes = 0; bytes <= all.size() - offset; ++bytes) {
      EXPECT_EQ(Read(file, offset, bytes), all.substr(offset, bytes));
    }
  }
}

TEST_F(GrowingFileTest, TakesWritesOfEverySize) {
  const std::string path = folder_.Path("f");
  std::string expected;
  GrowingFile file = Open(path);
  for (const std::size_t bytes : {0, 1, 65535, 1, 65536, 65537, 200000, 3}) {
    const std::string piece(bytes, static_cast<char>('a' + expected.size() % 26));
    file.Write(piece);
    expected += piece;
    EXPECT_EQ(file.size(), expected.size());
  }
  EXPECT_EQ(Read(file, 0, expected.size()), expected);
  file.Sync();
  EXPECT_EQ(ReadFile(path, 1 << 20), expected);
}

TEST_F(GrowingFileTest, ATemporaryFileHasNoName) {
  GrowingFile file = GrowingFile::Temporary(folder_.path());
  const std::string megabyte(1 << 20, 'm');
  file.Write("begin");
  for (int i = 0; i < 10; ++i) file.Write(megabyte);
  file.Write("end");
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  EXPECT_EQ(Read(file, 0, 6), "beginm");
  EXPECT_EQ(Read(file, file.size() - 4, 4), "mend");
}

TEST_F(GrowingFileTest, ASmallTemporaryFileNeedsNoFolder) {
  GrowingFile file = GrowingFile::Temporary(folder_.Path("none"));
  file.Write("few");
  EXPECT_EQ(Read(file, 0, 3), "few");
  EXPECT_THAT([&] { file.Write(std::string(10 << 20, 'x')); },
              ThrowsError(ErrorCode::kIoError, HasSubstr("none")));
}

TEST_F(GrowingFileTest, AFailedWriteMayBeRepeated) {
  GrowingFile full(Descriptor(::open("/dev/full", O_RDWR)), "full");
  full.Write("abc");
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT([&] { full.Sync(); }, ThrowsError(ErrorCode::kIoError, HasSubstr("full")));
    EXPECT_EQ(full.size(), 3u);
  }
}

}  // namespace
}  // namespace merle
