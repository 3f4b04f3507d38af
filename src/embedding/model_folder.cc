#include "embedding/model_folder.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"

namespace merle {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxModules = 64;

// The first of these that is there holds the transformer's lengths, as in the reference.
constexpr const char* kTransformerConfigs[] = {
    "sentence_bert_config.json",       "sentence_roberta_config.json",
    "sentence_distilbert_config.json", "sentence_camembert_config.json",
    "sentence_albert_config.json",     "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
};

// The folder of a module: "" or a plain name below the model's folder.
std::string ModuleFolder(const std::string& root, const JsonValue& path) {
  const std::string_view name = path.AsString();
  if (name.empty()) return root;
  if (name.find('/') != name.npos || name == "." || name == "..") {
    path.Fail(Format("is '{}', which is not a folder in the model's", name));
  }
  return Format("{}/{}", root, name);
}

std::vector<ModuleEntry> ReadModules(const std::string& root, const std::string& path) {
  const JsonDocument document = JsonDocument::Load(path);
  std::vector<ModuleEntry> modules;
  document.root().ForEachElement([&](JsonValue entry) {
    const std::string_view type = entry.At("type").AsString();
    modules.push_back(
        {std::string(type.substr(type.rfind('.') + 1)), ModuleFolder(root, entry.At("path"))});
  });
  if (modules.empty() || modules.size() > kMaxModules) {
    throw Error(ErrorCode::kDataLoss, Format("{}: has {} modules", path, modules.size()));
  }
  if (modules[0].class_name != "Transformer") {
    throw Error(ErrorCode::kUnimplemented,
                Format("{}: the first module is a {}, only a Transformer is supported", path,
                       modules[0].class_name));
  }
  return modules;
}

void ReadTransformerConfig(const std::string& folder, ModelFolder& model) {
  for (const char* name : kTransformerConfigs) {
    const std::string path = Format("{}/{}", folder, name);
    if (!fs::exists(path)) continue;
    const JsonDocument document = JsonDocument::Load(path);
    if (const auto length = document.root().Find("max_seq_length")) {
      model.max_tokens = static_cast<std::size_t>(length->AsInteger(1, 1 << 24));
    }
    const auto lower = document.root().Find("do_lower_case");
    model.lowercase_first = lower && lower->AsBool();
    return;
  }
}

void ReadSentenceConfig(const std::string& path, ModelFolder& model) {
  const JsonDocument document = JsonDocument::Load(path);
  const JsonValue root = document.root();
  const auto type = root.Find("model_type");
  if (type && type->AsString() != "SentenceTransformer") {
    type->Fail(Format("is '{}', which is not supported", type->AsString()),
               ErrorCode::kUnimplemented);
  }
  if (const auto dim = root.Find("truncate_dim")) {
    model.truncate_dim = static_cast<std::size_t>(dim->AsInteger(1, 1 << 24));
  }
  std::map<std::string, std::string> prompts;
  if (const auto table = root.Find("prompts")) {
    table->ForEachMember([&](std::string_view name, JsonValue text) {
      prompts[std::string(name)] = text.IsNull() ? std::string() : std::string(text.AsString());
    });
  }
  std::optional<std::string> default_name;
  if (const auto name = root.Find("default_prompt_name")) default_name = name->AsString();
  try {
    model.prompts = Prompts(std::move(prompts), std::move(default_name));
  } catch (const Error& error) {
    throw Error(error.code(), Format("{}: {}", path, error.what()));
  }
}

}  // namespace

ModelFolder ReadModelFolder(const std::string& folder) {
  if (!fs::is_directory(folder)) {
    throw Error(ErrorCode::kNotFound, Format("there is no model folder '{}'", folder));
  }
  ModelFolder model;
  const std::string modules = folder + "/modules.json";
  model.has_modules_file = fs::exists(modules);
  model.modules = model.has_modules_file ? ReadModules(folder, modules)
                                         : std::vector<ModuleEntry>{{"Transformer", folder}};
  ReadTransformerConfig(model.modules[0].folder, model);
  const std::string sentence_config = folder + "/config_sentence_transformers.json";
  if (fs::exists(sentence_config)) ReadSentenceConfig(sentence_config, model);
  return model;
}

}  // namespace merle
