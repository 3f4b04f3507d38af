#include "embedding/model_folder.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/quote.h"

namespace merle {
namespace {

constexpr const char* kModulesFile = "modules.json";
constexpr const char* kSentenceConfig = "config_sentence_transformers.json";
constexpr std::size_t kMaxModules = 64;

// The first of these that is there holds the transformer's lengths, as in the reference.
constexpr const char* kTransformerConfigs[] = {
    "sentence_bert_config.json",       "sentence_roberta_config.json",
    "sentence_distilbert_config.json", "sentence_camembert_config.json",
    "sentence_albert_config.json",     "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
};

// Arguments that sentence-transformers hands to the tokenizer and the configuration as they are.
constexpr const char* kForwardedArguments[] = {"tokenizer_args", "processor_kwargs", "config_args",
                                               "config_kwargs", "processing_kwargs"};

// One line of modules.json.
ModuleEntry ReadModule(const Folder& root, const JsonValue& entry) {
  const std::string_view type = entry.At("type").AsString();
  const JsonValue path = entry.At("path");
  return {std::string(type.substr(type.rfind('.') + 1)),
          root.Below(path.AsString().empty() ? "" : path.AsFileName()),
          type.starts_with("sentence_transformers.") ? std::string() : std::string(type)};
}

std::vector<ModuleEntry> ReadModules(const Folder& root) {
  const JsonDocument document = JsonDocument::Load(root, kModulesFile);
  const std::size_t count = document.root().IsArray() ? document.root().Size() : 1;
  if (count == 0 || count > kMaxModules) {
    document.root().Fail(Format("has {} modules, must have 1 to {}", count, kMaxModules));
  }
  std::vector<ModuleEntry> modules;
  document.root().ForEachElement(
      [&](JsonValue entry) { modules.push_back(ReadModule(root, entry)); });
  if (modules[0].class_name != "Transformer") {
    document.root().Fail(Format("the first module is a {}, only a Transformer is supported",
                                Quoted(modules[0].class_name)),
                         ErrorCode::kUnimplemented);
  }
  return modules;
}

// Throws kUnimplemented unless texts go through the model's forward pass and come out as its last
// hidden states, as they do where the folder says nothing. Peer: Transformer.forward.
void CheckModalities(const JsonValue& root) {
  const auto require = [](const std::optional<JsonValue>& value, std::string_view wanted) {
    if (!value) return;
    const bool is_list = value->IsArray() && value->Size() == 1;
    const JsonValue only = is_list ? value->Elements()[0] : *value;
    if (only.IsString() && only.AsString() == wanted) return;
    value->Fail(Format("must be {}, nothing else is supported", Quoted(wanted)),
                ErrorCode::kUnimplemented);
  };
  require(root.Find("transformer_task"), "feature-extraction");
  const auto modalities = root.Find("modality_config");
  if (!modalities) return;
  if (const auto chat = modalities->Find("message")) {
    chat->Fail("turns texts into messages of a chat, which is not supported",
               ErrorCode::kUnimplemented);
  }
  const auto text = modalities->Find("text");
  if (!text) modalities->Fail("has no 'text', so it takes no texts", ErrorCode::kUnimplemented);
  require(text->At("method"), "forward");
  require(text->At("method_output_name"), "last_hidden_state");
  require(root.At("module_output_name"), "token_embeddings");
}

void ReadTransformerConfig(const Folder& folder, ModelFolder& model) {
  for (const char* name : kTransformerConfigs) {
    if (!folder.Has(name)) continue;
    const JsonDocument document = JsonDocument::Load(folder, name);
    if (const auto length = document.root().Find("max_seq_length")) {
      model.max_tokens = static_cast<std::size_t>(length->AsInteger(1, 1 << 24));
    }
    for (const char* key : kForwardedArguments) {
      const auto arguments = document.root().Find(key);
      if (!arguments || !arguments->IsObject() || arguments->Size() == 0) continue;
      arguments->Fail("changes the model in ways that are not supported",
                      ErrorCode::kUnimplemented);
    }
    CheckModalities(document.root());
    const auto lower = document.root().Find("do_lower_case");
    model.lowercase_first = lower && lower->AsBool();
    return;
  }
}

void ReadSentenceConfig(const Folder& folder, ModelFolder& model) {
  const JsonDocument document = JsonDocument::Load(folder, kSentenceConfig);
  const JsonValue root = document.root();
  const auto type = root.Find("model_type");
  if (type && type->AsString() != "SentenceTransformer") {
    type->Fail(Format("is {}, which is not supported", Quoted(type->AsString())),
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
    throw Error(error.code(), Format("{}: {}", document.name(), error.what()));
  }
}

}  // namespace

ModelFolder ReadModelFolder(const Folder& folder) {
  ModelFolder model;
  if (folder.Has("adapter_config.json")) {
    throw Error(ErrorCode::kUnimplemented,
                Format("{}: is an adapter (PEFT); merge it into its base model first",
                       folder.PathOf("adapter_config.json")));
  }
  model.has_modules_file = folder.Has(kModulesFile);
  model.modules = model.has_modules_file ? ReadModules(folder)
                                         : std::vector<ModuleEntry>{{"Transformer", folder}};
  ReadTransformerConfig(model.modules[0].folder, model);
  if (folder.Has(kSentenceConfig)) ReadSentenceConfig(folder, model);
  return model;
}

}  // namespace merle
