#include "base/content_hash.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/file.h"
#include "base/test_folder.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

// The clock of a file system may stand still between two changes, so a fresh file is read each
// time.
TEST(ContentHash, IsKeptForAFileThatHasBeenLeftAlone) {
  const TestFolder folder;
  const RandomAccessFile file = RandomAccessFile::Open(folder.Write("data", "abc"));
  const std::string cache = folder.Path("cache");
  const std::string hash = ContentHash(file, cache);
  EXPECT_FALSE(fs::exists(cache));
  while (file.ChangedInTheLast(2)) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(ContentHash(file, cache), hash);
  const std::string kept = fs::directory_iterator(cache)->path().string();
  const std::string content = ReadFile(kept, 4096);
  const std::string other(hash.size(), '0');
  std::ofstream(kept) << other + content.substr(hash.size());
  EXPECT_EQ(ContentHash(file, cache), other);                        // It was not read again.
  std::ofstream(kept) << other + content.substr(hash.size()) + "1";  // Of another file.
  EXPECT_EQ(ContentHash(file, cache), hash);
}

TEST(ContentHash, IsTheSha256AndFollowsTheContent) {
  constexpr const char* kOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  const TestFolder folder;
  const std::string path = folder.Write("data", "abc");
  EXPECT_EQ(ContentHash(RandomAccessFile::Open(path), folder.Path("cache")), kOfAbc);
  std::ofstream(path) << "abd";
  EXPECT_NE(ContentHash(RandomAccessFile::Open(path), folder.Path("cache")), kOfAbc);
}

}  // namespace
}  // namespace merle
