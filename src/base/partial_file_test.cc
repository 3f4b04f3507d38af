#include "base/partial_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error_matcher.h"
#include "base/file.h"
#include "base/test_folder.h"

namespace merle {
namespace {

using testing::HasSubstr;

class PartialFileTest : public testing::Test {
 protected:
  std::string Content(std::string_view name) { return ReadFile(folder_.Path(name), 1000); }

  TestFolder folder_;
  std::string path_ = folder_.Path("f");
};

TEST_F(PartialFileTest, TakesItsPlaceAtCommit) {
  folder_.Write("f", "old");
  PartialFile file(path_);
  file.Write("new");
  EXPECT_EQ(Content("f"), "old");
  file.Commit();
  EXPECT_EQ(Content("f"), "new");
  EXPECT_FALSE(FileExists(file.partial_path()));
}

TEST_F(PartialFileTest, StaysWhenItIsDestroyed) {
  {
    PartialFile file(path_);
    file.Write("one ");
    file.Sync();
    file.Write("lost");
  }
  EXPECT_FALSE(FileExists(path_));
  PartialFile file(path_);
  EXPECT_EQ(file.size(), 4u);
  file.Write("two");
  file.Commit();
  EXPECT_EQ(Content("f"), "one two");
}

TEST_F(PartialFileTest, LeavesNothingWhenItIsRemoved) {
  PartialFile(path_).Remove();
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(PartialFileTest, IsOneProcessAlone) {
  PartialFile file(path_);
  EXPECT_THAT([&] { PartialFile{path_}; },
              ThrowsError(ErrorCode::kIoError, HasSubstr("another process")));
  PartialFile other(folder_.Path("g"));  // Another file is free.
}

TEST_F(PartialFileTest, StandsBesideWhatALinkLeadsTo) {
  folder_.Write("there/real", "old");
  std::filesystem::create_symlink("there/real", path_);
  PartialFile file(path_);
  EXPECT_EQ(file.partial_path(), folder_.Path("there/real.partial"));
  file.Write("new");
  file.Commit();
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
  EXPECT_EQ(Content("there/real"), "new");
}

TEST_F(PartialFileTest, KeepsThePermissionsOfWhatItReplaces) {
  using std::filesystem::perms;
  folder_.Write("f", "secret");
  std::filesystem::permissions(path_, perms::owner_read | perms::owner_write);
  PartialFile file(path_);
  EXPECT_EQ(std::filesystem::status(file.partial_path()).permissions(),
            perms::owner_read | perms::owner_write);
  std::filesystem::permissions(path_, perms::owner_all | perms::group_all);
  file.Commit();
  EXPECT_EQ(std::filesystem::status(path_).permissions(), perms::owner_all | perms::group_all);
}

TEST_F(PartialFileTest, ItsOwnerCanOpenItAgainWhereItReplacesAReadOnlyFile) {
  using std::filesystem::perms;
  folder_.Write("f", "old");
  std::filesystem::permissions(path_, perms::owner_read | perms::group_read);
  PartialFile file(path_);
  EXPECT_EQ(std::filesystem::status(file.partial_path()).permissions(),
            perms::owner_read | perms::owner_write | perms::group_read);
  file.Commit();
  EXPECT_EQ(std::filesystem::status(path_).permissions(), perms::owner_read | perms::group_read);
}

TEST_F(PartialFileTest, ItsStampIsThatOfTheFileThatTakesItsPlace) {
  PartialFile file(path_);
  file.Write("new");
  file.Sync();
  const std::uint64_t stamp = file.Stamp();
  file.Commit();
  EXPECT_EQ(RandomAccessFile::Open(path_).Stamp(), stamp);
  std::filesystem::copy_file(path_, path_ + "2");
  EXPECT_NE(RandomAccessFile::Open(path_ + "2").Stamp(), stamp);
  folder_.Write("f", "more");
  EXPECT_NE(RandomAccessFile::Open(path_).Stamp(), stamp);
}

TEST_F(PartialFileTest, NeverReplacesWhatIsNoFile) {
  EXPECT_THAT([&] { PartialFile{folder_.path()}; }, ThrowsError(ErrorCode::kIoError));
  EXPECT_THAT([&] { PartialFile{"/dev/null"}; },
              ThrowsError(ErrorCode::kIoError, HasSubstr("no regular file")));
  EXPECT_THAT([&] { PartialFile{folder_.Path("none/f")}; }, ThrowsError(ErrorCode::kIoError));
}

TEST_F(PartialFileTest, DoesNotFollowALinkInItsOwnPlace) {
  folder_.Write("victim", "precious");
  std::filesystem::create_symlink("victim", path_ + ".partial");
  EXPECT_THAT([&] { PartialFile{path_}; }, ThrowsError(ErrorCode::kIoError));
  std::filesystem::remove(path_ + ".partial");
  std::filesystem::create_directory(path_ + ".partial");
  EXPECT_THAT([&] { PartialFile{path_}; }, ThrowsError(ErrorCode::kIoError));
  EXPECT_EQ(Content("victim"), "precious");
}

}  // namespace
}  // namespace merle
