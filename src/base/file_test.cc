#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <functional>

#include "base/error.h"
#include "base/format.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  FileTest() { fs::create_directories(folder_); }
  ~FileTest() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) { return (folder_ / name).string(); }
  std::size_t FilesLeft() {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  static ErrorCode CodeOf(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::kUnavailable;
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / Format("file_test.{}", ::getpid());
};

TEST_F(FileTest, WritesWholeFilesOfAnySize) {
  for (const std::size_t size : {0, 1, 65535, 65536, 65537, 300000}) {
    const std::string content(size, 'x');
    AtomicFile file(Path("f"));
    for (std::size_t i = 0; i < size; i += 50000) file.Write(content.substr(i, 50000));
    file.Commit();
    EXPECT_EQ(ReadFile(Path("f"), 1 << 20), content);
    const MappedFile mapped = MappedFile::Open(Path("f"));
    EXPECT_EQ(mapped.bytes().size(), size);
    if (size == 0) continue;  // memcmp wants pointers.
    EXPECT_EQ(std::memcmp(mapped.bytes().data(), content.data(), size), 0);
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
  { AtomicFile(Path("f")).Write("new"); }
  EXPECT_EQ(ReadFile(Path("f"), 100), "old");
  EXPECT_EQ(FilesLeft(), 1u);
}

TEST_F(FileTest, SaysWhatIsWrong) {
  AtomicFile file(Path("f"));
  file.Write("content");
  file.Commit();
  EXPECT_EQ(CodeOf([&] { ReadFile(Path("none"), 10); }), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf([&] { ReadFile(Path("f/g"), 10); }), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf([&] { ReadFile(Path("f"), 6); }), ErrorCode::kDataLoss);
  EXPECT_EQ(CodeOf([&] { ReadFile(folder_.string(), 10); }), ErrorCode::kIoError);
  EXPECT_EQ(CodeOf([&] { ReadFile("/dev/zero", 10); }), ErrorCode::kIoError);
  EXPECT_EQ(CodeOf([&] { MappedFile::Open(Path("none")); }), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf([&] { MappedFile::Open(folder_.string()); }), ErrorCode::kIoError);
  EXPECT_EQ(CodeOf([&] { AtomicFile(Path("none/f")); }), ErrorCode::kIoError);
  EXPECT_EQ(CodeOf([&] { AtomicFile{folder_.string()}; }), ErrorCode::kIoError);
}

TEST_F(FileTest, ANamedPipeDoesNotHangTheReader) {
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(CodeOf([&] { ReadFile(Path("pipe"), 10); }), ErrorCode::kIoError);
}

}  // namespace
}  // namespace merle
