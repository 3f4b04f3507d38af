#include "hub/hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error_matcher.h"
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
      cache_.Write(model + "snapshots/" + commit + "/config.json", "{}");
    }
    cache_.Write(model + "refs/main", kCommit + '\n');
    cache_.Write(model + "refs/v2", kOther);
    cache_.Write(model + "refs/bad", "../../etc");
    const std::string small = "models--sentence-transformers--small/";
    fs::create_directories(cache_.Path(small + "snapshots/" + kCommit));
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
  for (const std::string& model : {name, "org/tiny@" + name, "/" + name}) {
    EXPECT_THAT([&] { Resolve(model); }, ThrowsError(ErrorCode::kNotFound)) << model;
  }
}

TEST_F(HubTest, ListsTheFilesOfAModelByName) {
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

TEST_F(HubTest, NamesThatClimbAreRefused) {
  for (const char* model : {"", "org/..", "a/b/c", "org/tiny@../../x", "org/tiny@", "org/ti ny",
                            "org/-x", "or--g/x", "org/tiny@/etc", "x\ny"}) {
    EXPECT_THAT([&] { Resolve(model); }, ThrowsError(ErrorCode::kInvalidArgument)) << model;
  }
}

TEST_F(HubTest, ListsEveryRevisionByName) {
  const auto models = ListModels({.cache = cache_.path()});
  ASSERT_EQ(models.size(), 3u);
  EXPECT_EQ(models[0].name, "org/tiny");
  EXPECT_EQ(models[0].revision, kCommit);
  EXPECT_EQ(models[0].bytes, 2u);
  EXPECT_EQ(models[2].name, "sentence-transformers/small");
  EXPECT_THAT(ListModels({.cache = "no/such/cache"}), testing::IsEmpty());
}

struct CacheCase {
  const char* name;
  std::map<std::string, std::string> variables;
  const char* folder;
};

class CacheFolderRules : public testing::TestWithParam<CacheCase> {};

TEST_P(CacheFolderRules, GiveTheFolder) {
  const auto variable = [&](const char* name) -> std::optional<std::string> {
    const auto found = GetParam().variables.find(name);
    return found == GetParam().variables.end() ? std::nullopt : std::optional(found->second);
  };
  EXPECT_EQ(CacheFolder(variable), GetParam().folder);
}

INSTANTIATE_TEST_SUITE_P(
    Variables, CacheFolderRules,
    testing::ValuesIn(std::vector<CacheCase>{
        {"HomeAlone", {{"HOME", "/h"}}, "/h/.cache/huggingface/hub"},
        {"XdgBeforeHome", {{"HOME", "/h"}, {"XDG_CACHE_HOME", "/x"}}, "/x/huggingface/hub"},
        {"HfHomeBeforeXdg", {{"HF_HOME", "/hf"}, {"XDG_CACHE_HOME", "/x"}}, "/hf/hub"},
        {"HubCacheFirst", {{"HF_HUB_CACHE", "/c"}, {"HF_HOME", "/hf"}}, "/c"},
        {"OldHubCache", {{"HUGGINGFACE_HUB_CACHE", "/o"}, {"HF_HOME", "/hf"}}, "/o"},
        {"EmptyIsUnset", {{"HF_HUB_CACHE", ""}, {"HF_HOME", "/hf"}}, "/hf/hub"},
        {"TildeIsHome", {{"HOME", "/h"}, {"HF_HOME", "~/hf"}}, "/h/hf/hub"},
        {"VariableIsExpanded", {{"D", "/d"}, {"HF_HUB_CACHE", "$D/a/${D}"}}, "/d/a//d"},
        {"UnknownVariableStays", {{"HF_HUB_CACHE", "/a/$NONE"}}, "/a/$NONE"},
    }),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace merle
