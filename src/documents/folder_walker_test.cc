#include "documents/folder_walker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/test_folder.h"

namespace merle {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::string_view_literals;

class FolderWalkerTest : public testing::Test {
 protected:
  // Paths relative to the folder.
  std::vector<std::string> Walk() {
    FolderWalker walker(folder_.path());
    std::vector<std::string> paths;
    while (const auto path = walker.Next()) {
      paths.push_back(std::filesystem::relative(*path, folder_.path()).string());
    }
    skipped_ = walker.skipped();
    return paths;
  }

  const TestFolder folder_;
  SkippedFiles skipped_;
};

TEST_F(FolderWalkerTest, AnEmptyFolderHasNoFiles) { EXPECT_THAT(Walk(), IsEmpty()); }

TEST_F(FolderWalkerTest, GivesFilesInTheOrderOfNames) {
  for (const char* name : {"b.txt", "a/z", "a/b/c", "a.txt", "B", "c", "ä"}) {
    folder_.Write(name, "text");
  }
  EXPECT_THAT(Walk(), ElementsAre("B", "a/b/c", "a/z", "a.txt", "b.txt", "c", "ä"));
  EXPECT_EQ(skipped_.total(), 0u);
}

TEST_F(FolderWalkerTest, SkipsAndCountsWhatIsNoText) {
  folder_.Write("text", "");
  folder_.Write(".hidden", "text");
  folder_.Write(".git/a", "text");
  folder_.Write(".git/b", "text");
  folder_.Write("zero", "a\0b"sv);
  folder_.Write("latin1", "caf\xE9");
  folder_.Write("cut", "a\xE2\x82");
  ::mkfifo(folder_.Path("pipe").c_str(), 0600);
  EXPECT_THAT(Walk(), ElementsAre("text"));
  EXPECT_EQ(skipped_.hidden, 2u);
  EXPECT_EQ(skipped_.binary, 1u);
  EXPECT_EQ(skipped_.not_utf8, 2u);
  EXPECT_EQ(skipped_.special, 1u);
  EXPECT_EQ(skipped_.total(), 6u);
}

TEST_F(FolderWalkerTest, TellsTextInOtherEncodingsFromBinary) {
  folder_.Write("a.bin", "\xFF\xD8\0"sv);
  folder_.Write("b.txt", "\xFF\xFEh\0i\0"sv);
  folder_.Write("c.txt", "\xFE\xFF\0h\0i"sv);
  folder_.Write("d.txt", std::string(100'000, 'x') + "caf\xE9 au lait");
  EXPECT_THAT(Walk(), IsEmpty());
  EXPECT_EQ(skipped_.binary, 1u);
  EXPECT_EQ(skipped_.not_utf8, 3u);
  EXPECT_EQ(skipped_.first_not_utf8, folder_.Path("b.txt"));
}

TEST_F(FolderWalkerTest, FollowsNoLinks) {
  folder_.Write("a/file", "text");
  std::filesystem::create_directory_symlink(folder_.path(), folder_.Path("a/up"));
  std::filesystem::create_symlink("none", folder_.Path("broken"));
  std::filesystem::create_symlink("a/file", folder_.Path("link"));
  EXPECT_THAT(Walk(), ElementsAre("a/file"));
  EXPECT_EQ(skipped_.links, 3u);
}

TEST_F(FolderWalkerTest, KnowsCharactersThatTwoReadsShare) {
  for (std::size_t at : {65533u, 65534u, 65535u}) {
    folder_.Write("good" + std::to_string(at), std::string(at, 'x') + "€😀");
    folder_.Write("bad" + std::to_string(at), std::string(at, 'x') + "\xE2\x82" + "more");
  }
  EXPECT_THAT(Walk(), ElementsAre("good65533", "good65534", "good65535"));
  EXPECT_EQ(skipped_.not_utf8, 3u);
}

TEST_F(FolderWalkerTest, AZeroByteFarInsideIsACharacter) {
  folder_.Write("far", std::string(8192, 'x') + '\0');
  folder_.Write("near", std::string(8191, 'x') + '\0');
  EXPECT_THAT(Walk(), ElementsAre("far"));
}

TEST_F(FolderWalkerTest, RefusesWhatIsNoFolder) {
  EXPECT_THROW(FolderWalker(folder_.Path("none")), Error);
  EXPECT_THROW(FolderWalker(folder_.Write("file", "text")), Error);
}

}  // namespace
}  // namespace merle
