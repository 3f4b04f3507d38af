#include "cli/models_to_serve.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "base/format.h"
#include "base/quote.h"
#include "cli/command.h"
#include "cli/model_access.h"
#include "hub/model_name.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

// Of all files in safetensors, links followed; what can't be looked at counts nothing.
std::uint64_t WeightBytes(const std::string& folder) {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ignored)) {
    if (entry.path().extension() != ".safetensors") continue;
    const std::uintmax_t size = entry.file_size(ignored);
    if (!ignored) bytes += size;
  }
  return bytes;
}

// "org/name" of the cache's folder models--org--name/snapshots/<commit>; else empty.
std::string RepositoryOf(const fs::path& folder) {
  constexpr std::string_view kBegin = "models--";
  const std::string name = folder.parent_path().parent_path().filename().string();
  if (folder.parent_path().filename() != "snapshots" || !name.starts_with(kBegin)) return {};
  std::string repository = name.substr(kBegin.size());
  const std::size_t dashes = repository.find("--");
  if (dashes != std::string::npos) repository.replace(dashes, 2, "/");
  return repository;
}

// Clients never see the path of a folder.
ModelToServe Find(const Invocation& invocation, const std::string& model) {
  Invocation of_model = invocation;
  of_model.options.model = model;
  const fs::path folder = fs::absolute(FindModelFolder(of_model)).lexically_normal();
  const fs::path named = folder.has_filename() ? folder : folder.parent_path();
  ModelToServe found{
      .folder = named.string(),
      .id = RepositoryOf(named),
      .aliases = {},
      .revision = IsCommit(named.filename().string()) ? named.filename().string() : "",
      .bytes = WeightBytes(named.string())};
  if (found.id.empty()) found.id = named.filename().string();
  if (!FolderExists(model) && model != found.id) found.aliases.push_back(model);
  return found;
}

bool HasName(const ModelToServe& model, const std::string& name) {
  return model.id == name || std::ranges::find(model.aliases, name) != model.aliases.end();
}

// Adds `model`, unless its folder is there, and returns it.
ModelToServe& Add(const ModelToServe& model, std::vector<ModelToServe>& models) {
  const auto same = std::ranges::find(models, model.folder, &ModelToServe::folder);
  ModelToServe& kept = same != models.end() ? *same : models.emplace_back(model);
  for (const std::string& alias : model.aliases) {
    if (!HasName(kept, alias)) kept.aliases.push_back(alias);
  }
  return kept;
}

void CheckNames(const std::vector<ModelToServe>& models) {
  for (const ModelToServe& model : models) {
    for (const ModelToServe& other : models) {
      if (&model == &other || !HasName(other, model.id)) continue;
      throw UsageError(Format("{} stands for two models: {} and {}", Quoted(model.id),
                              Quoted(model.folder), Quoted(other.folder)));
    }
  }
}

}  // namespace

std::vector<ModelToServe> FindModelsToServe(const Invocation& invocation) {
  const Options& options = invocation.options;
  std::vector<ModelToServe> models;
  if (invocation.arguments.empty()) Add(Find(invocation, options.model), models);
  for (const std::string& model : invocation.arguments) Add(Find(invocation, model), models);
  for (const std::string& alias : options.aliases) {
    const std::size_t equals = alias.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == alias.size()) {
      throw UsageError(Format("--alias can't be {}: NAME=MODEL is wanted", Quoted(alias)));
    }
    const std::string name = alias.substr(0, equals);
    ModelToServe& model = Add(Find(invocation, alias.substr(equals + 1)), models);
    if (!HasName(model, name)) model.aliases.push_back(name);
    const auto owners = std::ranges::count_if(
        models, [&](const ModelToServe& served) { return HasName(served, name); });
    if (owners > 1) throw UsageError(Format("--alias: {} stands for two models", Quoted(name)));
  }
  CheckNames(models);
  return models;
}

}  // namespace merle
