#include "hub/hub_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error_matcher.h"
#include "base/test_folder.h"

namespace merle {
namespace {

using Variables = std::map<std::string, std::string>;

HubOptions OptionsFrom(const Variables& variables) {
  return HubOptionsFrom([&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

struct CacheCase {
  const char* name;
  Variables variables;
  const char* folder;
};

class CacheFolderRules : public testing::TestWithParam<CacheCase> {};

TEST_P(CacheFolderRules, GiveTheFolder) {
  EXPECT_EQ(OptionsFrom(GetParam().variables).cache, GetParam().folder);
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
        {"TildeOfXdgIsHome", {{"HOME", "/h"}, {"XDG_CACHE_HOME", "~/x"}}, "/h/x/huggingface/hub"},
        {"TildeIsHome", {{"HOME", "/h"}, {"HF_HOME", "~/hf"}}, "/h/hf/hub"},
        {"VariableIsExpanded", {{"D", "/d"}, {"HF_HUB_CACHE", "$D/a/${D}"}}, "/d/a//d"},
        {"UnknownVariableStays", {{"HF_HUB_CACHE", "/a/$NONE"}}, "/a/$NONE"},
    }),
    [](const auto& test) { return test.param.name; });

TEST(HubOptionsFrom, WithoutVariablesFetchesFromTheHub) {
  const HubOptions options = OptionsFrom({});
  EXPECT_TRUE(options.download);
  EXPECT_EQ(options.endpoint, "https://huggingface.co");
  EXPECT_EQ(options.token, "");
}

TEST(HubOptionsFrom, EitherOfflineVariableForbidsFetching) {
  for (const char* name : {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}) {
    for (const char* value : {"1", "on", "Yes", "TRUE"}) {
      EXPECT_FALSE(OptionsFrom({{name, value}}).download) << name << value;
    }
    for (const char* value : {"0", "no", "false", ""}) {
      EXPECT_TRUE(OptionsFrom({{name, value}}).download) << name << value;
    }
  }
}

TEST(HubOptionsFrom, HfHubOfflineBeatsTransformersOffline) {
  EXPECT_TRUE(OptionsFrom({{"HF_HUB_OFFLINE", "0"}, {"TRANSFORMERS_OFFLINE", "1"}}).download);
  EXPECT_FALSE(OptionsFrom({{"HF_HUB_OFFLINE", ""}, {"TRANSFORMERS_OFFLINE", "1"}}).download);
}

TEST(HubOptionsFrom, OfflineNoVariableOfTheNetworkCanBeWrong) {
  const Variables wrong = {{"HF_ENDPOINT", "x"},
                           {"HF_TOKEN", "a b"},
                           {"HF_HUB_ETAG_TIMEOUT", "x"},
                           {"HF_HUB_CACHE", "/c"},
                           {"HF_HUB_OFFLINE", "1"}};
  EXPECT_EQ(OptionsFrom(wrong).cache, "/c");
}

TEST(HubOptionsFrom, LinksAreMadeUnlessThatIsForbidden) {
  EXPECT_TRUE(OptionsFrom({}).links);
  EXPECT_FALSE(OptionsFrom({{"HF_HUB_DISABLE_SYMLINKS", "1"}}).links);
}

TEST(HubForbidsBars, WhereTheVariableIsTrue) {
  const auto forbids = [](const char* value) {
    return HubForbidsBars([&](const char* name) -> std::optional<std::string> {
      if (std::string_view(name) != "HF_HUB_DISABLE_PROGRESS_BARS") return std::nullopt;
      return value;
    });
  };
  EXPECT_TRUE(forbids("1"));
  EXPECT_FALSE(forbids("0"));
}

TEST(HubOptionsFrom, ATimeoutOf0IsTheDefault) {
  EXPECT_EQ(OptionsFrom({{"HF_HUB_ETAG_TIMEOUT", "0"}}).connect_seconds, 10);
}

TEST(HubOptionsFrom, TheEndpointLosesItsLastSlash) {
  EXPECT_EQ(OptionsFrom({{"HF_ENDPOINT", "http://mirror:8080/hf/"}}).endpoint,
            "http://mirror:8080/hf");
}

TEST(HubOptionsFrom, TheTokenComesFromTheFirstPlaceThatHasOne) {
  const TestFolder folder;
  folder.Write("token", "hf_home\n");
  folder.Write("other", "hf_other \n");
  Variables variables = {{"HF_HOME", folder.path()}};
  EXPECT_EQ(OptionsFrom(variables).token, "hf_home");
  variables["HF_TOKEN_PATH"] = folder.Path("other");
  EXPECT_EQ(OptionsFrom(variables).token, "hf_other");
  variables["HUGGING_FACE_HUB_TOKEN"] = "hf_old";
  EXPECT_EQ(OptionsFrom(variables).token, "hf_old");
  variables["HF_TOKEN"] = "hf_now";
  EXPECT_EQ(OptionsFrom(variables).token, "hf_now");
}

TEST(HubOptionsFrom, TheFileIsNotReadWhereThatIsForbidden) {
  const TestFolder folder;
  folder.Write("token", "hf_home");
  EXPECT_EQ(OptionsFrom({{"HF_HOME", folder.path()}, {"HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"}}).token,
            "");
}

TEST(HubOptionsFrom, ReadsTheTimeouts) {
  const HubOptions options =
      OptionsFrom({{"HF_HUB_ETAG_TIMEOUT", "2.5"}, {"HF_HUB_DOWNLOAD_TIMEOUT", "30"}});
  EXPECT_EQ(options.connect_seconds, 2.5);
  EXPECT_EQ(options.stall_seconds, 30);
}

TEST(HubOptionsFrom, ValuesThatCannotBeNameTheVariable) {
  for (const auto& [name, value] :
       {std::pair("HF_ENDPOINT", "huggingface.co"), std::pair("HF_ENDPOINT", "file:///x"),
        std::pair("HF_TOKEN", "two words"), std::pair("HF_TOKEN", "a\r\nb"),
        std::pair("HF_HUB_ETAG_TIMEOUT", "soon"), std::pair("HF_HUB_ETAG_TIMEOUT", "-1"),
        std::pair("HF_HUB_DOWNLOAD_TIMEOUT", "nan"), std::pair("HF_HUB_DOWNLOAD_TIMEOUT", "1s")}) {
    EXPECT_THAT([&] { OptionsFrom({{name, value}}); },
                ThrowsError(ErrorCode::kInvalidArgument, testing::HasSubstr(name)))
        << value;
  }
}

}  // namespace
}  // namespace merle
