#include "base/content_hash.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/types.h>

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

// A file as it was some time ago, whose hash is kept, and the kept hash.
struct Kept {
  Kept() : file(RandomAccessFile::Open(folder.Write("data", "abc"))), cache(folder.Path("cache")) {
    while (file.ChangedInTheLast(2)) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const mode_t before = ::umask(0);
    hash = ContentHash(file, cache);
    ::umask(before);
    path = fs::directory_iterator(cache)->path().string();
    forged = std::string(hash.size(), '0') + ReadFile(path, 4096).substr(hash.size());
  }
  const TestFolder folder;
  const RandomAccessFile file;
  const std::string cache;
  std::string hash, path, forged;
};

TEST(ContentHash, IsNotBelievedFromAnybody) {
  const Kept kept;
  EXPECT_EQ(fs::status(kept.path).permissions(), fs::perms(0600));
  std::ofstream(kept.path) << kept.forged;
  ::chmod(kept.path.c_str(), 0620);
  EXPECT_EQ(ContentHash(kept.file, kept.cache), kept.hash);
  EXPECT_EQ(fs::status(kept.path).permissions(), fs::perms(0600));  // It was replaced.

  const std::string target = kept.folder.Write("target", kept.forged);
  fs::remove(kept.path);
  fs::create_symlink(target, kept.path);
  EXPECT_EQ(ContentHash(kept.file, kept.cache), kept.hash);
  EXPECT_FALSE(fs::is_symlink(kept.path));
  EXPECT_EQ(ReadFile(target, 4096), kept.forged);
}

TEST(ContentHash, StaysWhileItIsUsed) {
  const Kept kept;
  const auto month_ago = fs::file_time_type::clock::now() - std::chrono::hours(24 * 31);
  fs::last_write_time(kept.path, month_ago);
  ContentHash(kept.file, kept.cache);
  EXPECT_GT(fs::last_write_time(kept.path), month_ago + std::chrono::hours(24 * 30));

  const std::string unused = kept.folder.Write("cache/0123456789abcdef.sha256", "x");
  fs::last_write_time(unused, month_ago);
  fs::remove(kept.path);
  ContentHash(kept.file, kept.cache);  // Stores it.
  EXPECT_FALSE(fs::exists(unused));
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
