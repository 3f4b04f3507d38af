#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/test_folder.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

std::string_view Text(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST(MappedFile, HasTheBytesOfTheFileAlsoAfterItIsRemoved) {
  const TestFolder folder;
  const auto file = MappedFile::Open(folder.Write("a", "some bytes"));
  ASSERT_TRUE(file);
  fs::remove(folder.Path("a"));
  EXPECT_EQ(Text(*file), "some bytes");
}

TEST(MappedFile, MovesItsBytes) {
  const TestFolder folder;
  auto first = MappedFile::Open(folder.Write("a", "first"));
  auto second = MappedFile::Open(folder.Write("b", "second"));
  ASSERT_TRUE(first && second);
  first = std::move(second);
  EXPECT_EQ(Text(*first), "second");
}

TEST(MappedFile, TakesOnlyARegularFileOfThisUserAlone) {
  const TestFolder folder;
  const std::string shared = folder.Write("shared", "x");
  ::chmod(shared.c_str(), 0664);
  folder.Write("target", "x");
  fs::create_symlink(folder.Path("target"), folder.Path("link"));
  ::mkfifo(folder.Path("pipe").c_str(), 0600);
  folder.Write("empty", "");
  for (const char* name : {"shared", "link", "pipe", "empty", "missing", "."}) {
    EXPECT_FALSE(MappedFile::Open(folder.Path(name))) << name;
  }
}

}  // namespace
}  // namespace merle
