#include "hub/hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/error_matcher.h"
#include "base/format.h"
#include "base/test_folder.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

const std::string kCommit(40, 'a');
const std::string kOther(40, 'b');

// A cache with one model of two revisions; "main" is the first, "v2" the second.
class HubTest : public testing::Test {
 protected:
  HubTest() {
    const std::string model = "models--org--tiny/";
    for (const std::string& commit : {kCommit, kOther}) {
      for (const char* file : {"config.json", "model.safetensors", "vocab.txt"}) {
        cache_.Write(Format("{}snapshots/{}/{}", model, commit, file), "{}");
      }
    }
    cache_.Write(model + "refs/main", kCommit + '\n');
    cache_.Write(model + "refs/v2", kOther);
    cache_.Write(model + "refs/bad", "../../etc");
    const std::string small = "models--sentence-transformers--small/";
    for (const char* file : {"config.json", "model.safetensors", "tokenizer.json"}) {
      cache_.Write(Format("{}snapshots/{}/{}", small, kCommit, file), "{}");
    }
    cache_.Write(small + "refs/main", kCommit);
  }

  std::string Resolve(const std::string& model) {
    return ResolveModel(model, {.cache = cache_.path()});
  }

  const TestFolder cache_;
};

TEST_F(HubTest, FindsARevisionByRefOrCommit) {
  const std::string snapshots = cache_.Path("models--org--tiny/snapshots/");
  EXPECT_EQ(Resolve("org/tiny"), snapshots + kCommit);
  EXPECT_EQ(Resolve("org/tiny@v2"), snapshots + kOther);
  EXPECT_EQ(Resolve("org/tiny@" + kOther), snapshots + kOther);
}

TEST_F(HubTest, AFolderIsUsedAsItIs) { EXPECT_EQ(Resolve(cache_.path()), cache_.path()); }

TEST_F(HubTest, ANameWithoutOrganisationIsASentenceTransformersModel) {
  EXPECT_THAT(Resolve("small"), testing::HasSubstr("models--sentence-transformers--small"));
}

TEST_F(HubTest, NamesThatCannotBeFoundSayWhy) {
  for (const char* model :
       {"org/absent", "org/tiny@v3", "org/tiny@bad", "absent", "./none", "/no/such/folder"}) {
    EXPECT_THAT([&] { Resolve(model); }, ThrowsError(ErrorCode::kNotFound)) << model;
  }
}

TEST_F(HubTest, ANameThatNoFileCanHaveIsNotFound) {
  const std::string name(300, 'x');
  EXPECT_THAT([&] { Resolve("org/tiny@" + name); }, ThrowsError(ErrorCode::kInvalidArgument));
  for (const std::string& model : {name, "/" + name}) {
    EXPECT_THAT([&] { Resolve(model); }, ThrowsError(ErrorCode::kNotFound)) << model;
  }
}

TEST_F(HubTest, NamesThatClimbAreRefused) {
  for (const char* model : {"", "org/..", "a/b/c", "org/tiny@../../x", "org/tiny@", "org/ti ny",
                            "org/-x", "or--g/x", "org/tiny@/etc", "x\ny"}) {
    EXPECT_THAT([&] { Resolve(model); }, ThrowsError(ErrorCode::kInvalidArgument)) << model;
  }
}

TEST_F(HubTest, ASnapshotThatLacksAPartIsNotUsed) {
  fs::remove(cache_.Path("models--org--tiny/snapshots/" + kOther + "/vocab.txt"));
  EXPECT_THAT([&] { Resolve("org/tiny@v2"); }, ThrowsError(ErrorCode::kDataLoss));
}

}  // namespace
}  // namespace merle
