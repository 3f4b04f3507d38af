#include "base/cache_entry.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <ios>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/flat_array.h"
#include "base/test_folder.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

const std::vector<float> kNumbers = [] {
  std::vector<float> numbers(100);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i);
  return numbers;
}();
const std::string kLetters = "abc";

void Store(const CacheEntry& entry) {
  entry.Store(std::array{std::as_bytes(std::span(kNumbers)), std::as_bytes(std::span(kLetters))});
}

// The only entry of a cache.
std::string FileOf(const std::string& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".packed") return entry.path().string();
  }
  return "";
}

constexpr std::time_t kDay = 86400;  // Seconds.

// Of the file itself, where it is a link.
void MakeOlder(const std::string& path, std::time_t seconds) {
  const timespec then = {.tv_sec = std::time(nullptr) - seconds, .tv_nsec = 0};
  const std::array times = {then, then};
  EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW), 0) << path;
}

TEST(CacheEntry, GivesWhatWasStored) {
  const TestFolder folder;
  const CacheEntry entry(folder.Path("new/cache"), "the key");
  EXPECT_FALSE(entry.Open());
  Store(entry);
  auto fields = entry.Open();
  ASSERT_TRUE(fields);
  const auto numbers = fields->Next<float>();
  ASSERT_TRUE(numbers);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(numbers->data()) % 64, 0u);
  EXPECT_FALSE(fields->empty());
  const auto letters = fields->Next<char>();
  ASSERT_TRUE(letters);
  EXPECT_TRUE(fields->empty());
  EXPECT_FALSE(fields->Next<char>());
  fields.reset();  // The arrays hold the file.
  EXPECT_TRUE(std::ranges::equal(*numbers, kNumbers));
  EXPECT_TRUE(std::ranges::equal(*letters, kLetters));
}

TEST(CacheEntry, AFieldOfPartsOfElementsIsNone) {
  const TestFolder folder;
  const CacheEntry entry(folder.path(), "key");
  Store(entry);
  auto fields = entry.Open();
  ASSERT_TRUE(fields);
  EXPECT_TRUE(fields->Next<float>());
  EXPECT_FALSE(fields->Next<std::uint16_t>());  // Three bytes.
}

TEST(CacheEntry, ASizeBeyondTheEndIsNoField) {
  for (const std::uint64_t size : {std::uint64_t{64}, std::uint64_t{65}, ~std::uint64_t{0}}) {
    std::array<std::byte, 128> bytes{};
    std::memcpy(bytes.data(), &size, sizeof size);
    CachedFields fields(nullptr, bytes);
    EXPECT_EQ(fields.Next<char>().has_value(), size == 64) << size;
  }
}

TEST(CacheEntry, EveryFlippedBitAndEveryCutIsSeen) {
  const TestFolder folder;
  const CacheEntry entry(folder.path(), "key");
  Store(entry);
  const std::string path = FileOf(folder.path());
  const auto size = static_cast<std::size_t>(fs::file_size(path));
  for (std::size_t at = 0; at < size; ++at) {
    FlipByte(path, at);
    EXPECT_FALSE(entry.Open()) << "byte " << at;
    FlipByte(path, at);
  }
  EXPECT_TRUE(entry.Open());
  const std::string whole = ReadFile(path, 1 << 20);
  for (std::size_t bytes = 0; bytes < size; ++bytes) {
    fs::resize_file(path, bytes);
    EXPECT_FALSE(entry.Open()) << bytes << " bytes";
    std::ofstream(path, std::ios::binary) << whole;
  }
  std::ofstream(path, std::ios::binary | std::ios::app) << std::string(64, 'x');
  EXPECT_FALSE(entry.Open());
}

TEST(CacheEntry, TheKeyIsComparedNotOnlyTheName) {
  const TestFolder folder;
  Store(CacheEntry(folder.path(), "one"));
  const std::string one = FileOf(folder.path());
  Store(CacheEntry(folder.path(), "two"));
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    if (entry.path() != one) fs::copy_file(one, entry, fs::copy_options::overwrite_existing);
  }
  EXPECT_TRUE(CacheEntry(folder.path(), "one").Open());
  EXPECT_FALSE(CacheEntry(folder.path(), "two").Open());
}

TEST(CacheEntry, AFileThatOthersMayWriteIsNotTrusted) {
  const TestFolder folder;
  const CacheEntry entry(folder.path(), "key");
  Store(entry);
  ::chmod(FileOf(folder.path()).c_str(), 0666);
  EXPECT_FALSE(entry.Open());
}

// Else a umask such as 002 has every entry made again at each start.
TEST(CacheEntry, IsThisUsersAloneWhateverTheUmask) {
  for (const mode_t umask : {0000, 0002, 0022, 0077}) {
    const TestFolder folder;
    const CacheEntry entry(folder.path(), "key");
    const mode_t before = ::umask(umask);
    Store(entry);
    ::umask(before);
    EXPECT_TRUE(entry.Open()) << umask;
    EXPECT_EQ(fs::status(FileOf(folder.path())).permissions(), fs::perms(0600)) << umask;
  }
}

TEST(CacheEntry, TakesThePlaceOfAFileThatOthersMayWrite) {
  const TestFolder folder;
  const CacheEntry entry(folder.path(), "key");
  Store(entry);
  ::chmod(FileOf(folder.path()).c_str(), 0664);
  Store(entry);
  EXPECT_TRUE(entry.Open());
}

TEST(CacheEntry, TakesThePlaceOfALinkAndLeavesWhereItLeads) {
  const TestFolder folder, other;
  const CacheEntry entry(folder.path(), "key");
  Store(entry);
  const std::string path = FileOf(folder.path());
  for (const std::string& target : {other.Write("victim", "dear"), other.Path("missing")}) {
    fs::remove(path);
    fs::create_symlink(target, path);
    EXPECT_FALSE(entry.Open());
    Store(entry);
    EXPECT_TRUE(entry.Open());
  }
  EXPECT_EQ(ReadFile(other.Path("victim"), 100), "dear");
  EXPECT_FALSE(fs::exists(other.Path("missing")));
}

TEST(CacheEntry, WhatNobodyUsedForAMonthGoesWithTheNextEntry) {
  const TestFolder folder;
  Store(CacheEntry(folder.path(), "old"));
  MakeOlder(FileOf(folder.path()), 31 * kDay);
  Store(CacheEntry(folder.path(), "new"));
  EXPECT_FALSE(CacheEntry(folder.path(), "old").Open());
  EXPECT_TRUE(CacheEntry(folder.path(), "new").Open());
}

TEST(CacheEntry, StaysWhileItIsUsed) {
  const TestFolder folder;
  const CacheEntry used(folder.path(), "used");
  Store(used);
  MakeOlder(FileOf(folder.path()), 31 * kDay);
  EXPECT_TRUE(used.Open());
  Store(CacheEntry(folder.path(), "new"));
  EXPECT_TRUE(used.Open());
}

// Days without use, and whether the file is then removed.
struct Age {
  const char* name;
  int days;
  bool goes;
};

constexpr Age kAges[] = {
    {"0123456789abcdef.packed", 29, false},
    {"0123456789abcdef.packed", 31, true},
    {"0123456789abcdef.sha256", 29, false},
    {"0123456789abcdef.sha256", 31, true},
    {"0123456789abcdef.packed.123.4.tmp", 0, false},
    {"0123456789abcdef.packed.123.4.tmp", 2, true},  // Of a process that was killed.
    {"0123456789abcdef.sha256.123.4.tmp", 2, true},
    // Not of the cache.
    {"my-own-data.packed", 99, false},
    {"0123456789abcde.packed", 99, false},
    {"0123456789abcdef0.packed", 99, false},
    {"0123456789ABCDEF.packed", 99, false},
    {"0123456789abcdef.packed.bak", 99, false},
    {"0123456789abcdef.packed.tmp", 99, false},
    {"0123456789abcdef.packed.1.tmp", 99, false},
    {"0123456789abcdef.packed.1.2.3.tmp", 99, false},
    {"0123456789abcdef.packed.1..tmp", 99, false},
    {"0123456789abcdef.txt", 99, false},
    {"0123456789abcdef", 99, false},
    {"mine.1.2.tmp", 99, false},
    {"packed", 99, false},
};

TEST(CacheEntry, OnlyTheCachesOwnFilesGoAndEachInItsTime) {
  for (const auto& [name, days, goes] : kAges) {
    const TestFolder folder;
    MakeOlder(folder.Write(name, "x"), days * kDay);
    Store(CacheEntry(folder.path(), "new"));
    EXPECT_EQ(!fs::exists(folder.Path(name)), goes) << name << " after " << days << " days";
  }
}

TEST(CacheEntry, FoldersAndLinksStayWhateverTheirNames) {
  const TestFolder folder;
  const std::string kept = folder.Path("0123456789abcdef.packed");
  const std::string link = folder.Path("fedcba9876543210.packed");
  fs::create_directory(kept);
  fs::create_symlink(folder.Write("target", "x"), link);
  MakeOlder(kept, 99 * kDay);
  MakeOlder(link, 99 * kDay);
  Store(CacheEntry(folder.path(), "new"));
  EXPECT_TRUE(fs::is_directory(kept));
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_TRUE(fs::exists(folder.Path("target")));
}

TEST(CacheEntry, WithoutAFolderOrRightsThereIsNone) {
  const TestFolder folder;
  folder.Write("file", "");
  for (const CacheEntry& none :
       {CacheEntry(), CacheEntry("", "key"), CacheEntry(folder.Path("file"), "key")}) {
    Store(none);
    EXPECT_FALSE(none.Open());
  }
}

}  // namespace
}  // namespace merle
