#include "hub/file_selection.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/json_reader.h"

namespace merle {
namespace {

constexpr std::size_t kMostModules = 64;
constexpr std::size_t kMostFiles = 4096;

constexpr const char* kModules = "modules.json";
constexpr const char* kConfig = "config.json";
constexpr const char* kWeights = "model.safetensors";
constexpr const char* kShardIndex = "model.safetensors.index.json";
constexpr const char* kSpecialTokens = "special_tokens_map.json";
constexpr const char* kTokenizerConfig = "tokenizer_config.json";

// One of these makes a tokenizer, whatever its family.
constexpr std::array kTokenizers = {
    "tokenizer.json", "vocab.txt",       "vocab.json",
    "spiece.model",   "tokenizer.model", "sentencepiece.bpe.model",
};

// What transformers and sentence-transformers ask for and can do without.
constexpr std::array kOptionalFiles = {
    kModules,
    kWeights,
    kShardIndex,
    "adapter_config.json",
    "added_tokens.json",
    "chat_template.jinja",
    "config_sentence_transformers.json",
    "generation_config.json",
    "merges.txt",
    "preprocessor_config.json",
    "processor_config.json",
    "sentence_bert_config.json",
    kSpecialTokens,
    "tokenizer.json",
    kTokenizerConfig,
    "vocab.json",
    "vocab.txt",
};

// Of these, what changes the vectors: where the modules are listed, and where the transformer is.
constexpr std::array kModelSettings = {kModules, "config_sentence_transformers.json"};
constexpr std::array kTransformerSettings = {"sentence_bert_config.json", "tokenizer.json",
                                             kTokenizerConfig, kSpecialTokens};
constexpr std::size_t kMaxTokenizerConfigBytes = 4u << 20;

struct ModulePlace {
  std::string folder;  // "" for the model's own, else ending in '/'.
  bool has_config;     // A module without settings, such as Normalize, has no files at all.
};

std::vector<ModulePlace> ReadModules(const JsonDocument& modules) {
  std::vector<ModulePlace> places;
  if (modules.root().Size() > kMostModules) {
    modules.root().Fail(Format("has more than {} modules", kMostModules));
  }
  modules.root().ForEachElement([&](JsonValue module) {
    const JsonValue path = module.At("path");
    const bool is_root = path.AsString().empty();
    places.push_back({is_root ? "" : std::string(path.AsFileName()) + "/",
                      !module.At("type").AsString().ends_with(".Normalize")});
  });
  return places;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

bool IsShard(std::string_view file) {
  return file.starts_with("model-") && file.ends_with(".safetensors");
}

// Whether a file directly in the model's folder, or in that of a module, is needed. `whole`: the
// weights are in one file, so shards beside it are not.
bool IsNeeded(std::string_view file, bool whole) {
  if (file.starts_with('.') || file.find('/') != file.npos) return false;
  if (file.ends_with(".safetensors")) return file == kWeights || (IsShard(file) && !whole);
  if (file == kShardIndex) return !whole;
  return (file.ends_with(".json") && !file.ends_with(".index.json")) || file.ends_with(".model") ||
         file == "README.md" || file == "vocab.txt" || file == "merges.txt";
}

}  // namespace

std::vector<std::string> SelectFiles(const std::string& repository,
                                     const std::vector<std::string>& names,
                                     const std::string& modules_json) {
  std::vector<ModulePlace> places = {{"", true}};
  if (!modules_json.empty()) {
    for (ModulePlace& place :
         ReadModules(JsonDocument::Parse(modules_json, repository + "/" + kModules))) {
      if (!place.folder.empty()) places.push_back(std::move(place));
    }
  }
  std::vector<std::string> selected;
  for (const ModulePlace& place : places) {
    const bool whole = Contains(names, place.folder + kWeights);
    for (const std::string& name : names) {
      if (name.starts_with(place.folder) && IsNeeded(name.substr(place.folder.size()), whole)) {
        selected.push_back(name);
      }
    }
  }
  std::ranges::sort(selected);
  const auto repeated = std::ranges::unique(selected);
  selected.erase(repeated.begin(), repeated.end());
  if (selected.size() > kMostFiles) {
    throw Error(ErrorCode::kDataLoss, Format("{}: has {} files of configuration, more than {}",
                                             repository, selected.size(), kMostFiles));
  }
  if (std::ranges::none_of(selected,
                           [](const auto& name) { return name.ends_with(".safetensors"); })) {
    throw Error(
        ErrorCode::kUnimplemented,
        Format("{}: has no weights as model.safetensors, the form that Merle reads", repository));
  }
  return selected;
}

std::vector<std::string> AbsentFiles(const std::string& repository,
                                     const std::vector<std::string>& names,
                                     const std::string& modules_json) {
  std::set<std::string> places = {""};
  if (!modules_json.empty()) {
    const auto modules =
        ReadModules(JsonDocument::Parse(modules_json, repository + "/" + kModules));
    if (!modules.empty()) places.insert(modules.front().folder);
  }
  std::vector<std::string> absent;
  for (const std::string& place : places) {
    for (const char* name : kOptionalFiles) {
      if (!Contains(names, place + name)) absent.push_back(place + name);
    }
  }
  return absent;
}

namespace {

// A link whose blob has gone is a file that is missing, not one that is wrong.
bool Has(const Folder& folder, const std::string& name) {
  return FileExists(folder.PathOf(name)) && folder.Has(name);
}

// The shard that is not there, or nothing. `place`: the folder of the transformer, "" or with '/'.
std::optional<std::string> MissingShard(const Folder& folder, const std::string& place) {
  std::optional<std::string> missing;
  const JsonDocument index = JsonDocument::Load(folder, place + kShardIndex);
  index.root().At("weight_map").ForEachMember([&](std::string_view, const JsonValue& shard) {
    std::string name(shard.AsFileName());
    if (!Has(folder, place + name)) missing = std::move(name);
  });
  return missing;
}

std::string MissingFromTransformer(const Folder& folder, const std::string& place) {
  const auto has = [&](const char* name) { return Has(folder, place + name); };
  if (!has(kConfig)) return kConfig;
  if (has(kShardIndex) && !has(kWeights)) return MissingShard(folder, place).value_or("");
  // With nothing but a pickle the folder is whole; loading says why that is not read.
  if (!has(kWeights) && !has("pytorch_model.bin")) return kWeights;
  return std::ranges::any_of(kTokenizers, has) ? "" : kTokenizers.front();
}

// special_tokens_map.json is not read beside a tokenizer_config.json that has all of its tokens.
bool NeedsSpecialTokens(const Folder& folder, const std::string& place) {
  const std::string config = place + kTokenizerConfig;
  return !Has(folder, config) ||
         folder.Read(config, kMaxTokenizerConfigBytes).find("\"added_tokens_decoder\"") ==
             std::string::npos;
}

}  // namespace

std::vector<std::string> LackingOptionalFiles(const Folder& folder) {
  std::vector<std::string> lacking;
  for (const char* name : kModelSettings) {
    if (!Has(folder, name)) lacking.emplace_back(name);
  }
  std::string place;
  if (Has(folder, kModules)) {
    const auto modules = ReadModules(JsonDocument::Load(folder, kModules));
    if (!modules.empty()) place = modules.front().folder;
  }
  for (const char* name : kTransformerSettings) {
    if (Has(folder, place + name)) continue;
    if (std::string_view(name) != kSpecialTokens || NeedsSpecialTokens(folder, place))
      lacking.push_back(place + name);
  }
  return lacking;
}

std::string MissingPart(const Folder& folder) {
  if (!Has(folder, kModules)) return MissingFromTransformer(folder, "");
  const std::vector<ModulePlace> places = ReadModules(JsonDocument::Load(folder, kModules));
  for (std::size_t i = 0; i < places.size(); ++i) {
    const ModulePlace& place = places[i];
    std::string missing;
    if (i == 0) {
      missing = MissingFromTransformer(folder, place.folder);
    } else if (place.has_config && !Has(folder, place.folder + kConfig)) {
      missing = kConfig;
    }
    if (!missing.empty()) return place.folder + missing;
  }
  return {};
}

}  // namespace merle
