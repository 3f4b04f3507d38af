#include "hub/cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "base/error_matcher.h"
#include "base/file_lock.h"
#include "base/format.h"
#include "base/test_folder.h"
#include "hub/model_name.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

const std::string kOne(40, '1');
const std::string kTwo(40, '2');

// "org/tiny" in two revisions that share the blob "both"; main is the first, v2 the second.
class CacheTest : public testing::Test {
 protected:
  CacheTest() {
    for (const auto& [blob, content] :
         {std::pair("one", "1"), std::pair("two", "22"), std::pair("both", "333")}) {
      cache_.Write(kModel + "blobs/" + blob, content);
    }
    Link(kOne, "a.json", "one");
    Link(kOne, "w.safetensors", "both");
    Link(kTwo, "a.json", "two");
    Link(kTwo, "w.safetensors", "both");
    cache_.Write(kModel + "refs/main", kOne + "\n");
    cache_.Write(kModel + "refs/pr/2", kTwo);
    cache_.Write(kModel + "refs/bad", "../../etc");
    cache_.Write("models--org--other/snapshots/" + kOne + "/config.json", "{}");
    cache_.Write("datasets--org--data/snapshots/" + kOne + "/x", "");
    cache_.Write("models--org--tiny/snapshots/no-commit/x", "");
  }

  void Link(const std::string& commit, const std::string& file, const std::string& blob) {
    const fs::path path = cache_.Path(kModel + "snapshots/" + commit + "/" + file);
    fs::create_directories(path.parent_path());
    fs::create_symlink("../../blobs/" + blob, path);
  }
  bool Has(const std::string& path) const { return fs::exists(cache_.Path(kModel + path)); }

  const std::string kModel = "models--org--tiny/";
  const TestFolder cache_;
};

TEST_F(CacheTest, FindsTheCommitOfARef) {
  const CachedRepository tiny(cache_.path(), "org/tiny");
  EXPECT_EQ(tiny.FindCommit("main"), kOne);
  EXPECT_EQ(tiny.FindCommit("pr/2"), kTwo);
  EXPECT_EQ(tiny.FindCommit(kTwo), kTwo);
  EXPECT_EQ(tiny.FindCommit("none"), std::nullopt);
  EXPECT_EQ(tiny.FindCommit("bad"), std::nullopt);
}

TEST_F(CacheTest, ListsEveryRevisionByName) {
  const auto models = ListModels(cache_.path());
  ASSERT_EQ(models.size(), 3u);
  EXPECT_EQ(models[0].name, "org/other");
  EXPECT_EQ(models[1].name, "org/tiny");
  EXPECT_EQ(models[1].revision, kOne);
  EXPECT_EQ(models[1].bytes, 4u);
  EXPECT_THAT(ListModels("no/such/cache"), testing::IsEmpty());
}

TEST_F(CacheTest, AModelWithoutOrganisationIsListedAndRemovedByItsName) {
  cache_.Write("models--bert-base-uncased/snapshots/" + kOne + "/config.json", "{}");
  cache_.Write("models--old/snapshots/" + kOne + "/config.json", "{}");
  const auto models = ListModels(cache_.path());
  ASSERT_EQ(models.size(), 5u);
  EXPECT_EQ(models[0].name, "bert-base-uncased");
  EXPECT_EQ(models[1].name, "old");
  for (const char* name : {"bert-base-uncased", "old"}) {
    const ModelName parsed = NameInCache(name, cache_.path());
    EXPECT_EQ(parsed.repository, name);
    EXPECT_EQ(RemoveModel(cache_.path(), parsed.repository, "", false).bytes, 2u);
  }
  EXPECT_EQ(ListModels(cache_.path()).size(), 3u);
}

TEST_F(CacheTest, FoldersThatNoModelIsNamedAfterAreNotListed) {
  const auto before = ListModels(cache_.path()).size();
  for (const char* name : {"a--b--c", "a--\x1b[31m", "--a", "a--..", "a@b"}) {
    cache_.Write(Format("models--{}/snapshots/{}/config.json", name, kOne), "{}");
  }
  EXPECT_EQ(ListModels(cache_.path()).size(), before);
}

TEST_F(CacheTest, ACacheThatCannotBeReadIsAnError) {
  cache_.Write("file", "");
  EXPECT_THAT([&] { ListModels(cache_.Path("file")); }, ThrowsError(ErrorCode::kIoError));
  EXPECT_THAT(ListModels(cache_.Path("absent")), testing::IsEmpty());
}

TEST_F(CacheTest, TheBeginOfACommitIsThatCommitWhereItIsTheOnlyOne) {
  const std::string near = kOne.substr(0, 20) + std::string(20, 'e');
  const auto revision = [&](const std::string& given) {
    return NameInCache("org/tiny@" + given, cache_.path()).revision;
  };
  EXPECT_EQ(revision(kOne.substr(0, 8)), kOne);
  EXPECT_EQ(revision(kOne.substr(0, 6)), kOne.substr(0, 6));
  cache_.Write("models--org--tiny/snapshots/" + near + "/config.json", "{}");
  EXPECT_EQ(revision(kOne.substr(0, 8)), kOne.substr(0, 8));
  EXPECT_EQ(revision(kOne.substr(0, 30)), kOne);
  cache_.Write("models--org--tiny/refs/" + near.substr(0, 30), kOne);
  EXPECT_EQ(revision(near.substr(0, 30)), near.substr(0, 30));
}

TEST_F(CacheTest, ANameWithoutOrganisationIsFirstThatOfTheReference) {
  cache_.Write("models--both/snapshots/" + kOne + "/config.json", "{}");
  cache_.Write("models--sentence-transformers--both/snapshots/" + kOne + "/config.json", "{}");
  EXPECT_EQ(NameInCache("both", cache_.path()).repository, "sentence-transformers/both");
  EXPECT_EQ(NameInCache("none", cache_.path()).repository, "sentence-transformers/none");
  EXPECT_EQ(NameInCache("none/both", cache_.path()).repository, "none/both");
}

TEST_F(CacheTest, SaysWhatASnapshotLacks) {
  const std::string whole = "models--org--whole/snapshots/" + kOne + "/";
  for (const char* file : {"config.json", "model.safetensors", "vocab.txt"}) {
    cache_.Write(whole + file, "{}");
  }
  EXPECT_EQ(ProblemOfSnapshot(cache_.Path(whole)), "");
  fs::create_symlink("../../blobs/none", cache_.Path(whole + "README.md"));
  EXPECT_EQ(ProblemOfSnapshot(cache_.Path(whole)), "lacks README.md");
  fs::remove(cache_.Path(whole + "README.md"));
  fs::remove(cache_.Path(whole + "model.safetensors"));
  EXPECT_EQ(ProblemOfSnapshot(cache_.Path(whole)), "lacks model.safetensors");
  cache_.Write(whole + "modules.json", "[{");
  EXPECT_THAT(ProblemOfSnapshot(cache_.Path(whole)), testing::HasSubstr("modules.json"));
}

TEST_F(CacheTest, AModelThatAnotherProcessFetchesIsNotRemoved) {
  const CachedRepository tiny(cache_.path(), "org/tiny");
  {
    const FileLock pull = LockForPull(tiny);
    const FileLock other = LockForPull(tiny);  // Pulls don't exclude each other.
    for (const char* revision : {"", "main"}) {
      EXPECT_THAT([&] { RemoveModel(cache_.path(), "org/tiny", revision, false); },
                  ThrowsError(ErrorCode::kUnavailable, testing::HasSubstr("org/tiny")));
    }
    EXPECT_EQ(RemoveModel(cache_.path(), "org/tiny", "", true).bytes, 6u);
  }
  {  // As huggingface_hub locks, file by file.
    const auto lock = FileLock::TryTake(tiny.LockFolder() + "/etag.lock");
    ASSERT_TRUE(lock);
    EXPECT_THAT([&] { RemoveModel(cache_.path(), "org/tiny", "", false); },
                ThrowsError(ErrorCode::kUnavailable));
  }
  EXPECT_TRUE(Has("blobs/one"));
  EXPECT_EQ(RemoveModel(cache_.path(), "org/tiny", "", false).bytes, 6u);
}

TEST_F(CacheTest, ListsTheFilesOfAModelByName) {
  cache_.Write("m/b.json", "four");
  cache_.Write("m/1_Pooling/config.json", "{}");
  fs::create_symlink("none", cache_.Path("m/dangling"));
  const auto files = ListFiles(cache_.Path("m"));
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].name, "1_Pooling/config.json");
  EXPECT_EQ(files[0].bytes, 2u);
  EXPECT_EQ(files[1].name, "b.json");
  EXPECT_EQ(files[1].bytes, 4u);
  EXPECT_THAT(ListFiles("no/such/folder"), testing::IsEmpty());
}

TEST_F(CacheTest, RemovingARevisionKeepsWhatAnotherNeeds) {
  const RemovedModel removed = RemoveModel(cache_.path(), "org/tiny", "pr/2", false);
  EXPECT_THAT(removed.revisions, testing::ElementsAre(kTwo));
  EXPECT_EQ(removed.bytes, 2u);
  EXPECT_FALSE(Has("snapshots/" + kTwo) || Has("blobs/two") || Has("refs/pr/2"));
  EXPECT_TRUE(Has("snapshots/" + kOne + "/w.safetensors") && Has("blobs/one") && Has("refs/main"));
}

TEST_F(CacheTest, RemovingAModelTakesAllOfItAndNoOther) {
  const RemovedModel removed = RemoveModel(cache_.path(), "org/tiny", "", false);
  EXPECT_EQ(removed.bytes, 6u);
  EXPECT_FALSE(Has(""));
  EXPECT_EQ(ListModels(cache_.path()).size(), 1u);
}

TEST_F(CacheTest, ADryRunSaysTheSameAndRemovesNothing) {
  EXPECT_EQ(RemoveModel(cache_.path(), "org/tiny", "", true).bytes, 6u);
  EXPECT_EQ(RemoveModel(cache_.path(), "org/tiny", kTwo, true).bytes, 2u);
  EXPECT_EQ(ListModels(cache_.path()).size(), 3u);
  EXPECT_TRUE(Has("blobs/two"));
}

TEST_F(CacheTest, WhatIsNotThereCannotBeRemoved) {
  for (const auto& [name, revision] :
       {std::pair("org/none", ""), std::pair("org/tiny", "v9"), std::pair("org/none", "main")}) {
    EXPECT_THAT([&] { RemoveModel(cache_.path(), name, revision, false); },
                ThrowsError(ErrorCode::kNotFound));
  }
}

}  // namespace
}  // namespace merle
