#include "hub/file_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error_matcher.h"
#include "base/test_folder.h"

namespace merle {
namespace {

using Names = std::vector<std::string>;

struct Case {
  const char* name;
  Names names;
  const char* modules;
  Names selected;
};

class SelectFilesOf : public testing::TestWithParam<Case> {};

TEST_P(SelectFilesOf, TakesWhatIsNeeded) {
  const Case& test = GetParam();
  EXPECT_THAT(SelectFiles("org/name", test.names, test.modules),
              testing::UnorderedElementsAreArray(test.selected));
}

constexpr const char* kPooled = R"([{"type": "s.models.Transformer", "path": ""},
  {"type": "s.models.Pooling", "path": "1_Pooling"}, {"type": "s.models.Normalize", "path": "2_N"}])";
constexpr const char* kOldLayout = R"([{"type": "s.models.Transformer", "path": "0_Transformer"},
  {"type": "s.models.Dense", "path": "2_Dense"}])";

INSTANTIATE_TEST_SUITE_P(
    Models, SelectFilesOf,
    testing::ValuesIn(std::vector<Case>{
        {"PlainTransformer",
         {"config.json", "model.safetensors", "vocab.txt", "tokenizer.json", "README.md"},
         "",
         {"config.json", "model.safetensors", "vocab.txt", "tokenizer.json", "README.md"}},
        {"OtherFormsAreLeft",
         {"model.safetensors", "pytorch_model.bin", "onnx/model.onnx", "onnx/config.json",
          ".gitattributes", "tf_model.h5", "model.fp16.safetensors", "model.onnx_data"},
         "",
         {"model.safetensors"}},
        {"ShardsWithTheirIndex",
         {"model-1-of-2.safetensors", "model-2-of-2.safetensors", "model.safetensors.index.json",
          "pytorch_model.bin.index.json"},
         "",
         {"model-1-of-2.safetensors", "model-2-of-2.safetensors", "model.safetensors.index.json"}},
        {"OneFileBeforeShards",
         {"model.safetensors", "model-1-of-1.safetensors", "model.safetensors.index.json"},
         "",
         {"model.safetensors"}},
        {"FoldersOfModulesOnly",
         {"modules.json", "model.safetensors", "1_Pooling/config.json", "3_Other/config.json"},
         kPooled,
         {"modules.json", "model.safetensors", "1_Pooling/config.json"}},
        {"OldLayout",
         {"modules.json", "0_Transformer/config.json", "0_Transformer/model.safetensors",
          "2_Dense/config.json", "2_Dense/model.safetensors", "2_Dense/pytorch_model.bin"},
         kOldLayout,
         {"modules.json", "0_Transformer/config.json", "0_Transformer/model.safetensors",
          "2_Dense/config.json", "2_Dense/model.safetensors"}},
    }),
    [](const auto& test) { return test.param.name; });

TEST(SelectFiles, WithoutSafetensorsSaysSo) {
  EXPECT_THAT([] { SelectFiles("org/name", {"config.json", "pytorch_model.bin"}, ""); },
              ThrowsError(ErrorCode::kUnimplemented, testing::HasSubstr("org/name")));
}

TEST(SelectFiles, RefusesModulesOutsideTheFolder) {
  for (const char* path : {"..", "/etc", "a/../..", "a\\b"}) {
    const std::string modules =
        R"([{"type": "x.Transformer", "path": ")" + std::string(path) + R"("}])";
    EXPECT_THAT([&] { SelectFiles("org/name", {"model.safetensors"}, modules); },
                ThrowsError(ErrorCode::kDataLoss))
        << path;
  }
}

TEST(AbsentFiles, AreThoseThatProgramsLookFor) {
  const auto absent = AbsentFiles("org/name", {"modules.json", "tokenizer.json"}, "");
  EXPECT_THAT(absent, testing::Contains("adapter_config.json"));
  EXPECT_THAT(absent, testing::Not(testing::Contains("modules.json")));
}

TEST(AbsentFiles, AreLookedForWhereTheTransformerIsToo) {
  const auto absent =
      AbsentFiles("org/name", {"modules.json", "0_Transformer/vocab.txt"}, kOldLayout);
  EXPECT_THAT(absent, testing::IsSupersetOf({"vocab.txt", "0_Transformer/tokenizer.json"}));
  EXPECT_THAT(absent, testing::Not(testing::Contains("0_Transformer/vocab.txt")));
}

// A folder with these files; the content of the ones that are read is given.
std::string MissingOf(const Names& names, const std::string& modules = "",
                      const std::string& index = "") {
  const TestFolder folder;
  for (const std::string& name : names) folder.Write(name, "{}");
  if (!modules.empty()) folder.Write("modules.json", modules);
  if (!index.empty()) folder.Write("model.safetensors.index.json", index);
  return MissingPart(folder.path());
}

TEST(MissingPart, NamesWhatAModelLacks) {
  const std::string index = R"({"weight_map": {"a": "s1", "b": "s2"}})";
  EXPECT_EQ(MissingOf({"config.json", "model.safetensors", "vocab.txt"}), "");
  EXPECT_EQ(MissingOf({"model.safetensors", "vocab.txt"}), "config.json");
  EXPECT_EQ(MissingOf({"config.json", "vocab.txt"}), "model.safetensors");
  EXPECT_EQ(MissingOf({"config.json", "model.safetensors"}), "tokenizer.json");
  EXPECT_EQ(MissingOf({"config.json", "pytorch_model.bin", "vocab.txt"}), "");
  EXPECT_EQ(MissingOf({"config.json", "s1", "vocab.txt"}, "", index), "s2");
  EXPECT_EQ(MissingOf({"config.json", "s1", "s2", "vocab.txt"}, "", index), "");
  EXPECT_EQ(MissingOf({"config.json", "model.safetensors", "vocab.txt"}, kPooled),
            "1_Pooling/config.json");
  EXPECT_EQ(MissingOf({"0_Transformer/config.json"}, kOldLayout),
            "0_Transformer/model.safetensors");
}

TEST(LackingOptionalFiles, AreThoseThatChangeVectors) {
  const auto lacking = [](const Names& names, const char* modules, const char* tokenizer_config) {
    const TestFolder folder;
    for (const std::string& name : names) folder.Write(name, "{}");
    if (*modules != '\0') folder.Write("modules.json", modules);
    if (*tokenizer_config != '\0') folder.Write("tokenizer_config.json", tokenizer_config);
    return LackingOptionalFiles(folder.path());
  };
  const Names all = {"config_sentence_transformers.json", "sentence_bert_config.json",
                     "special_tokens_map.json", "tokenizer.json"};
  const Names no_tokens = {all[0], all[1], all[3]};
  EXPECT_THAT(lacking(all, kPooled, "{}"), testing::IsEmpty());
  EXPECT_THAT(lacking(all, "", ""), testing::ElementsAre("modules.json", "tokenizer_config.json"));
  EXPECT_THAT(lacking(no_tokens, kPooled, "{}"), testing::ElementsAre("special_tokens_map.json"));
  EXPECT_THAT(lacking(no_tokens, kPooled, R"({"added_tokens_decoder": {}})"), testing::IsEmpty());
  EXPECT_THAT(lacking(all, kOldLayout, "{}"),
              testing::Contains("0_Transformer/tokenizer_config.json"));
}

TEST(MissingPart, DamagedListsAreErrors) {
  const Names whole = {"config.json", "s1", "vocab.txt"};
  EXPECT_THAT([&] { MissingOf(whole, "[{"); }, ThrowsError(ErrorCode::kDataLoss));
  EXPECT_THAT([&] { MissingOf(whole, "", R"({"weight_map": {"a": "../s1"}})"); },
              ThrowsError(ErrorCode::kDataLoss));
}

}  // namespace
}  // namespace merle
