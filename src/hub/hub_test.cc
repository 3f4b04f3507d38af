#include "hub/hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/error.h"
#include "base/format.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

const std::string kCommit(40, 'a');
const std::string kOther(40, 'b');

// A cache with one model of two revisions; "main" is the first, "v2" the second.
class HubTest : public testing::Test {
 protected:
  HubTest() {
    const fs::path model = cache_ / "models--org--tiny";
    for (const std::string& commit : {kCommit, kOther}) {
      fs::create_directories(model / "snapshots" / commit);
      std::ofstream(model / "snapshots" / commit / "config.json") << "{}";
    }
    fs::create_directories(model / "refs");
    std::ofstream(model / "refs/main") << kCommit << '\n';
    std::ofstream(model / "refs/v2") << kOther;
    std::ofstream(model / "refs/bad") << "../../etc";
    fs::create_directories(cache_ / "models--sentence-transformers--small/snapshots" / kCommit);
    fs::create_directories(cache_ / "models--sentence-transformers--small/refs");
    std::ofstream(cache_ / "models--sentence-transformers--small/refs/main") << kCommit;
  }
  ~HubTest() override { fs::remove_all(cache_); }

  std::string Resolve(const std::string& model) {
    return ResolveModel(model, {.cache = cache_.string()});
  }
  ErrorCode CodeOf(const std::string& model) {
    try {
      Resolve(model);
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << model << " was found";
    return ErrorCode::kUnavailable;
  }

  const fs::path cache_ = fs::path(testing::TempDir()) / Format("hub_test.{}", ::getpid());
};

TEST_F(HubTest, FindsARevisionByRefOrCommit) {
  const std::string snapshots = (cache_ / "models--org--tiny/snapshots/").string();
  EXPECT_EQ(Resolve("org/tiny"), snapshots + kCommit);
  EXPECT_EQ(Resolve("org/tiny@v2"), snapshots + kOther);
  EXPECT_EQ(Resolve("org/tiny@" + kOther), snapshots + kOther);
}

TEST_F(HubTest, AFolderIsUsedAsItIs) { EXPECT_EQ(Resolve(cache_.string()), cache_.string()); }

TEST_F(HubTest, ANameWithoutOrganisationIsASentenceTransformersModel) {
  EXPECT_THAT(Resolve("small"), testing::HasSubstr("models--sentence-transformers--small"));
}

TEST_F(HubTest, NamesThatCannotBeFoundSayWhy) {
  for (const char* model : {"org/absent", "org/tiny@v3", "org/tiny@bad", "absent", "./none",
                            "/no/such/folder"}) {
    EXPECT_EQ(CodeOf(model), ErrorCode::kNotFound) << model;
  }
}

TEST_F(HubTest, NamesThatClimbAreRefused) {
  for (const char* model : {"", "org/..", "a/b/c", "org/tiny@../../x", "org/tiny@", "org/ti ny",
                            "org/-x", "or--g/x", "org/tiny@/etc", "x\ny"}) {
    EXPECT_EQ(CodeOf(model), ErrorCode::kInvalidArgument) << model;
  }
}

TEST_F(HubTest, ListsEveryRevisionByName) {
  const auto models = ListModels({.cache = cache_.string()});
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
