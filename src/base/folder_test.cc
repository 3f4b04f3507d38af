#include "base/folder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/error_matcher.h"
#include "base/test_folder.h"

namespace merle {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(ProblemOfNameTest, PlainNamesHaveNone) {
  for (const std::string name : {"a", "config.json", "1_Pooling/config.json", "a.b/..c/...", "Ü 世",
                                 "%2e%2e%2f", "a:b", "-x", "trailing.", "trailing "}) {
    EXPECT_EQ(ProblemOfName(name), std::nullopt) << name;
  }
}

TEST(ProblemOfNameTest, AllOthersHaveOne) {
  const std::vector<std::string> names = {"",
                                          "/",
                                          "/etc/passwd",
                                          "//x",
                                          "..",
                                          "../x",
                                          "a/../x",
                                          "a/..",
                                          "a//b",
                                          "a/",
                                          ".",
                                          "./a",
                                          "a/.",
                                          "C:\\x",
                                          "..\\x",
                                          std::string("a\0b", 3),
                                          "a\nb",
                                          "\x7f",
                                          "a\u202Eb",
                                          "\xFF",
                                          std::string(256, 'x'),
                                          std::string("a/") + std::string(256, 'x'),
                                          [] {
                                            std::string deep = "a";
                                            for (int i = 0; i < 600; ++i) deep += "/a";
                                            return deep;
                                          }()};
  for (const std::string& name : names) EXPECT_NE(ProblemOfName(name), std::nullopt) << name;
}

class FolderTest : public testing::Test {
 protected:
  FolderTest() {
    files_.Write("model/config.json", "config");
    files_.Write("model/1_Pooling/config.json", "pooling");
    files_.Write("outside/secret", "secret");
  }
  std::string Path(const std::string& name) const { return files_.Path(name); }
  void Link(const std::string& name, const std::string& target) const {
    fs::create_directories(fs::path(Path(name)).parent_path());
    fs::create_symlink(target, Path(name));
  }
  // A snapshot as huggingface_hub makes it.
  Folder Snapshot() const {
    files_.Write("hub/models--a--b/blobs/1", "blob");
    files_.Write("hub/models--a--b/refs/main", "c");
    files_.Write("hub/models--a--b/snapshots/d/other", "other");
    fs::create_directories(Path("hub/models--a--b/snapshots/c"));
    return Path("hub/models--a--b/snapshots/c");
  }
  static void ExpectRefused(const Folder& folder, const std::string& name, const char* says) {
    for (const bool open : {true, false}) {
      EXPECT_THAT(
          [&] {
            open ? static_cast<void>(folder.Read(name, 100)) : static_cast<void>(folder.Has(name));
          },
          ThrowsError(ErrorCode::kDataLoss, HasSubstr(says)))
          << name;
    }
  }

  const TestFolder files_;
};

TEST_F(FolderTest, ReadsFilesByName) {
  const Folder folder = Path("model");
  EXPECT_EQ(folder.Read("config.json", 6), "config");
  EXPECT_EQ(folder.Read("1_Pooling/config.json", 100), "pooling");
  EXPECT_EQ(folder.Below("1_Pooling").Read("config.json", 100), "pooling");
  EXPECT_EQ(folder.Below("1_Pooling").path(), Path("model/1_Pooling"));
  EXPECT_EQ(folder.Below("").Read("config.json", 100), "config");
  EXPECT_THAT([&] { folder.Read("config.json", 5); }, ThrowsError(ErrorCode::kDataLoss));
}

TEST_F(FolderTest, TellsWhatIsThere) {
  const Folder folder = Path("model");
  EXPECT_TRUE(folder.Has("config.json"));
  EXPECT_FALSE(folder.Has("none"));
  EXPECT_FALSE(folder.Has("none/config.json"));
  EXPECT_FALSE(folder.Has("config.json/x"));
  EXPECT_FALSE(folder.Below("none").Has("x"));
  EXPECT_THAT([&] { folder.Open("none"); }, ThrowsError(ErrorCode::kNotFound, HasSubstr("none")));
  EXPECT_THAT([&] { Folder{Path("none")}; }, ThrowsError(ErrorCode::kNotFound));
  EXPECT_THAT([&] { Folder{Path("model/config.json")}; }, ThrowsError(ErrorCode::kNotFound));
}

TEST_F(FolderTest, TakesRegularFilesOnly) {
  ASSERT_EQ(::mkfifo(Path("model/pipe").c_str(), 0600), 0);
  const Folder folder = Path("model");
  for (const char* name : {"pipe", "1_Pooling"}) {
    EXPECT_THAT([&] { folder.Open(name); }, ThrowsError(ErrorCode::kIoError, HasSubstr(name)));
    EXPECT_THAT([&] { folder.Has(name); }, ThrowsError(ErrorCode::kIoError, HasSubstr(name)));
  }
}

TEST_F(FolderTest, StaysWithTheFolderThatWasOpened) {
  const Folder folder = Path("model");
  fs::rename(Path("model"), Path("moved"));
  files_.Write("model/config.json", "another");
  EXPECT_EQ(folder.Read("config.json", 100), "config");
}

TEST_F(FolderTest, TheWayToTheFolderMayHaveLinks) {
  Link("linked", "model");
  EXPECT_EQ(Folder(Path("linked")).Read("config.json", 100), "config");
}

TEST_F(FolderTest, LinksInsideAreFollowed) {
  Link("model/a", "config.json");
  Link("model/2_X/b", "../a");
  Link("model/c", "2_X/../1_Pooling/./config.json");
  Link("model/d", "1_Pooling");
  fs::create_hard_link(Path("outside/secret"), Path("model/hard"));
  const Folder folder = Path("model");
  EXPECT_EQ(folder.Read("a", 100), "config");
  EXPECT_EQ(folder.Below("2_X").Read("b", 100), "config");
  EXPECT_EQ(folder.Read("c", 100), "pooling");
  EXPECT_EQ(folder.Read("d/config.json", 100), "pooling");
  EXPECT_EQ(folder.Read("hard", 100), "secret");
}

TEST_F(FolderTest, LinksOutOfTheFolderAreRefused) {
  Link("model/up", "../outside/secret");
  Link("model/absolute", Path("outside/secret"));
  Link("model/absolute inside", Path("model/config.json"));
  Link("model/parent", "../outside");
  Link("model/chain", "up");
  Link("model/and back", "../model/config.json");
  const Folder folder = Path("model");
  for (const char* name :
       {"up", "absolute", "absolute inside", "parent/secret", "chain", "and back"}) {
    ExpectRefused(folder, name, "out of the model's folder");
  }
  EXPECT_THAT([&] { folder.Open("../outside/secret"); },
              ThrowsError(ErrorCode::kDataLoss, HasSubstr("climbs out")));
}

TEST_F(FolderTest, LinksToNothingAndLinksInACircleAreRefused) {
  Link("model/dangling", "none");
  Link("model/first", "second");
  Link("model/second", "first");
  ExpectRefused(Path("model"), "dangling", "link to nothing");
  ExpectRefused(Path("model"), "first", "without end");
}

TEST_F(FolderTest, InACacheLinksMayLeadIntoBlobsAndNowhereElse) {
  const Folder folder = Snapshot();
  const std::string snapshot = "hub/models--a--b/snapshots/c/";
  Link(snapshot + "file", "../../blobs/1");
  Link(snapshot + "1_Pooling/file", "../../../blobs/1");
  EXPECT_EQ(folder.Read("file", 100), "blob");
  EXPECT_EQ(folder.Below("1_Pooling").Read("file", 100), "blob");
  Link(snapshot + "ref", "../../refs/main");
  Link(snapshot + "sister", "../d/other");
  Link(snapshot + "over", "../../../../outside/secret");
  Link(snapshot + "round", "../../../models--a--b/blobs/1");
  for (const char* name : {"ref", "sister", "over", "round"}) {
    ExpectRefused(folder, name, "leads out of");
  }
}

TEST_F(FolderTest, AFolderBelowASnapshotIsInTheCacheToo) {
  Snapshot();
  const std::string snapshot = "hub/models--a--b/snapshots/c/";
  Link(snapshot + "0_Transformer/file", "../../../blobs/1");
  Link(snapshot + "0_Transformer/2_X/file", "../../../../blobs/1");
  Link(snapshot + "0_Transformer/sister", "../1_Pooling/file");
  Link(snapshot + "0_Transformer/ref", "../../../refs/main");
  files_.Write(snapshot + "1_Pooling/file", "sister");
  const Folder folder = Path(snapshot + "0_Transformer");
  EXPECT_EQ(folder.Read("file", 100), "blob");
  EXPECT_EQ(folder.Read("2_X/file", 100), "blob");
  EXPECT_EQ(Folder(Path(snapshot + "0_Transformer/2_X")).Read("file", 100), "blob");
  for (const char* name : {"sister", "ref"}) ExpectRefused(folder, name, "leads out of");
}

TEST_F(FolderTest, SaysWhyAFolderOfTheCacheCannotBeOpened) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizers need file descriptors themselves";
#endif
  Snapshot();
  const std::string path = Path("hub/models--a--b/snapshots/c");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const Descriptor next(::open("/", O_PATH));
  for (const int more : {1, 2}) {  // Room for that of the model, and for the one above the cache's.
    const rlimit few{static_cast<rlim_t>(next.value() + 1 + more), before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    std::string message;  // The sanitizers' own checks, as in a matcher, want a descriptor.
    try {
      Folder{path};
    } catch (const Error& error) {
      message = error.what();
    }
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_THAT(message, HasSubstr("open files"));
  }
}

TEST_F(FolderTest, TheChecksumIsThatOfTheFilesThatWereOpenedWhereverTheyLie) {
  const auto checksum = [&](const std::string& path) {
    const Folder folder = Path(path);
    folder.Read("config.json", 100);
    folder.Below("1_Pooling").Read("config.json", 100);
    EXPECT_EQ(folder.Below("1_Pooling").ChecksumOfOpened(), folder.ChecksumOfOpened());
    return folder.ChecksumOfOpened();
  };
  const std::uint64_t before = checksum("model");
  files_.Write("model/README.md", "not opened");
  fs::copy(Path("model"), Path("copy"), fs::copy_options::recursive);
  EXPECT_EQ(checksum("copy"), before);
  EXPECT_NE(Folder(Path("model")).ChecksumOfOpened(), before);
  files_.Write("copy/1_Pooling/config.json", "poolinG");
  EXPECT_NE(checksum("copy"), before);
  files_.Write("copy/config.json", "configpo");  // As many bytes in all, and the same ones.
  files_.Write("copy/1_Pooling/config.json", "oling");
  EXPECT_NE(checksum("copy"), before);
}

TEST_F(FolderTest, AFileThatChangesAfterItWasOpenedHasNoChecksum) {
  const Folder folder = Path("model");
  const Folder below = folder.Below("1_Pooling");
  below.Read("config.json", 100);
  files_.Write("model/1_Pooling/config.json", "another one");
  EXPECT_THAT([&] { below.ChecksumOfOpened(); },
              ThrowsError(ErrorCode::kDataLoss,
                          HasSubstr("model/1_Pooling/config.json: has changed since")));
}

TEST_F(FolderTest, WhatIsNoModelFileIsToldByItsBegin) {
  files_.Write("model/page", "\n <!DOCTYPE html>");
  files_.Write("model/pointer", "version https://git-lfs.github.com/spec/v1\n");
  files_.Write("model/zip", "PK\x03\x04");
  files_.Write("model/pickle", "\x80\x04\x95");
  // A length of 640 begins as a pickle does.
  files_.Write("model/safetensors", std::string("\x80\x02\0\0\0\0\0\0{", 9));
  const Folder folder = Path("model");
  const auto says = [&](const char* name, ErrorCode code, const char* words) {
    EXPECT_THAT([&] { folder.Open(name); }, ThrowsError(code, HasSubstr(words))) << name;
  };
  says("page", ErrorCode::kDataLoss, "is a web page");
  says("pointer", ErrorCode::kDataLoss, "git lfs pull");
  says("zip", ErrorCode::kUnimplemented, "convert it to safetensors");
  says("pickle", ErrorCode::kUnimplemented, "is a pickle");
  EXPECT_EQ(folder.Open("safetensors").size(), 9u);
}

}  // namespace
}  // namespace merle
