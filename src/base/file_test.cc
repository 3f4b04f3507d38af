#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <span>
#include <string>

#include "base/error_matcher.h"
#include "base/test_folder.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) { return folder_.Path(name); }
  std::size_t FilesLeft() {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_.path()), {}));
  }

  const TestFolder folder_;
};

TEST_F(FileTest, WritesWholeFilesOfAnySize) {
  for (const std::size_t size : {0, 1, 65535, 65536, 65537, 300000}) {
    const std::string content(size, 'x');
    AtomicFile file(Path("f"));
    for (std::size_t i = 0; i < size; i += 50000) file.Write(content.substr(i, 50000));
    file.Commit();
    EXPECT_EQ(ReadFile(Path("f"), 1 << 20), content);
    EXPECT_EQ(RandomAccessFile::Open(Path("f")).ReadAll(size), content);
  }
  EXPECT_EQ(FilesLeft(), 1u);
}

TEST_F(FileTest, OverwritesBytesThatAreWrittenAlready) {
  AtomicFile file(Path("f"));
  file.Write("0123456789");
  file.WriteAt(2, "xy");
  file.Write("!");
  file.Commit();
  EXPECT_EQ(ReadFile(Path("f"), 100), "01xy456789!");
}

TEST_F(FileTest, WithoutCommitTheOldFileStays) {
  {
    AtomicFile file(Path("f"));
    file.Write("old");
    file.Commit();
  }
  {
    AtomicFile(Path("f")).Write("new");
  }
  EXPECT_EQ(ReadFile(Path("f"), 100), "old");
  EXPECT_EQ(FilesLeft(), 1u);
}

TEST_F(FileTest, SaysWhatIsWrong) {
  AtomicFile file(Path("f"));
  file.Write("content");
  file.Commit();
  EXPECT_THAT([&] { ReadFile(Path("none"), 10); }, ThrowsError(ErrorCode::kNotFound));
  EXPECT_THAT([&] { ReadFile(Path("f/g"), 10); }, ThrowsError(ErrorCode::kNotFound));
  EXPECT_THAT([&] { ReadFile(Path("f"), 6); }, ThrowsError(ErrorCode::kDataLoss));
  EXPECT_THAT([&] { ReadFile(folder_.path(), 10); }, ThrowsError(ErrorCode::kIoError));
  EXPECT_THAT([&] { ReadFile("/dev/zero", 10); }, ThrowsError(ErrorCode::kIoError));
  EXPECT_THAT([&] { RandomAccessFile::Open(Path("none")); }, ThrowsError(ErrorCode::kNotFound));
  EXPECT_THAT([&] { RandomAccessFile::Open(folder_.path()); }, ThrowsError(ErrorCode::kIoError));
  EXPECT_THAT([&] { AtomicFile(Path("f"), Path("none")); }, ThrowsError(ErrorCode::kIoError));
  EXPECT_THAT([&] { AtomicFile(Path("none/f")); }, ThrowsError(ErrorCode::kIoError));
  EXPECT_THAT([&] { AtomicFile{folder_.path()}; }, ThrowsError(ErrorCode::kIoError));
}

TEST_F(FileTest, WhatIsNoRegularFileStays) {
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  fs::create_symlink("pipe", Path("link"));
  for (const char* name : {"pipe", "link"}) {
    EXPECT_THAT([&] { AtomicFile{Path(name)}; },
                ThrowsError(ErrorCode::kIoError, testing::HasSubstr("no regular file")));
  }
  EXPECT_TRUE(fs::is_fifo(Path("pipe")));
  EXPECT_EQ(FilesLeft(), 2u);
}

TEST_F(FileTest, TheFileThatALinkLeadsToIsReplaced) {
  fs::create_directory(Path("d"));
  fs::create_symlink("d/second", Path("first"));
  fs::create_symlink("target", Path("d/second"));
  for (const char* content : {"a new file", "in its place"}) {
    AtomicFile file(Path("first"));
    file.Write(content);
    file.Commit();
    EXPECT_EQ(ReadFile(Path("d/target"), 100), content);
  }
  EXPECT_TRUE(fs::is_symlink(Path("first")));
  EXPECT_TRUE(fs::is_symlink(Path("d/second")));
}

TEST_F(FileTest, TheFileThatIsReplacedLeavesItsPermissions) {
  for (const fs::perms mode : {fs::perms(0600), fs::perms(0666), fs::perms(0754)}) {
    fs::permissions(folder_.Write("f", "old"), mode);
    fs::create_symlink("f", Path("link"));
    for (const char* name : {"f", "link"}) {
      AtomicFile file(Path(name));
      file.Write("new");
      file.Commit();
      EXPECT_EQ(fs::status(Path("f")).permissions(), mode);
    }
    fs::remove(Path("link"));
  }
}

TEST_F(FileTest, TwoOfOnePathDoNotMix) {
  AtomicFile first(Path("f")), second(Path("f"));
  first.Write("first");
  second.Write("second");
  first.Commit();
  EXPECT_EQ(ReadFile(Path("f"), 100), "first");
  second.Commit();
  EXPECT_EQ(ReadFile(Path("f"), 100), "second");
  EXPECT_EQ(FilesLeft(), 1u);
}

TEST_F(FileTest, TellsFilesFromFolders) {
  folder_.Write("f", "");
  EXPECT_TRUE(FileExists(Path("f")));
  EXPECT_FALSE(FolderExists(Path("f")));
  EXPECT_TRUE(FolderExists(folder_.path()));
  EXPECT_FALSE(FileExists(folder_.path()));
  for (const std::string& name : {Path("none"), Path("f/g"), Path(std::string(300, 'x'))}) {
    EXPECT_FALSE(FileExists(name));
    EXPECT_FALSE(FolderExists(name));
  }
}

TEST_F(FileTest, ANameThatIsTooLongIsAnErrorOfOurs) {
  const std::string name = Path(std::string(300, 'x'));
  EXPECT_THAT([&] { ReadFile(name, 10); }, ThrowsError(ErrorCode::kIoError));
  EXPECT_THAT([&] { AtomicFile{name}; }, ThrowsError(ErrorCode::kIoError));
}

TEST_F(FileTest, ReadsAnyPlace) {
  const RandomAccessFile file = RandomAccessFile::Open(folder_.Write("f", "0123456789"));
  EXPECT_EQ(file.size(), 10u);
  std::string some(4, ' ');
  file.ReadAt(3, std::as_writable_bytes(std::span(some)));
  EXPECT_EQ(some, "3456");
  EXPECT_EQ(file.ReadHead(3), "012");
  EXPECT_EQ(file.ReadHead(30), "0123456789");
  for (const std::uint64_t offset : {7ull, 10ull, 11ull, 1ull << 62}) {
    EXPECT_THAT([&] { file.ReadAt(offset, std::as_writable_bytes(std::span(some))); },
                ThrowsError(ErrorCode::kDataLoss))
        << offset;
  }
}

TEST_F(FileTest, AFileThatIsCutWhileItIsOpenIsAnErrorOfTheNextRead) {
  const RandomAccessFile file = RandomAccessFile::Open(folder_.Write("f", "0123456789"));
  fs::resize_file(Path("f"), 5);
  EXPECT_THAT([&] { file.ReadAll(10); },
              ThrowsError(ErrorCode::kDataLoss, testing::HasSubstr("ends at byte 5, it had 10")));
}

TEST_F(FileTest, AFileThatIsWrittenToIsNoticed) {
  const RandomAccessFile file = RandomAccessFile::Open(folder_.Write("f", "0123456789"));
  file.ThrowIfChanged();
  folder_.Write("f", "9876543210");
  fs::last_write_time(Path("f"), fs::last_write_time(Path("f")) + std::chrono::seconds(1));
  EXPECT_THAT([&] { file.ThrowIfChanged(); },
              ThrowsError(ErrorCode::kDataLoss, testing::HasSubstr("written to")));
}

TEST_F(FileTest, ANamedPipeDoesNotHangTheReader) {
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_THAT([&] { ReadFile(Path("pipe"), 10); }, ThrowsError(ErrorCode::kIoError));
}

}  // namespace
}  // namespace merle
