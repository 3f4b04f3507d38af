// Turns a model's name into a folder on this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace merle {

// Where models are looked for. The edges fill it from the environment.
struct HubOptions {
  std::string cache;  // The Hugging Face cache: the folder with models--org--name in it.
};

// One revision of a model in the cache.
struct CachedModel {
  std::string name;      // "sentence-transformers/all-MiniLM-L6-v2"
  std::string revision;  // Commit, 40 hexadecimal digits.
  std::string path;      // Its snapshot folder.
  std::uint64_t bytes;   // Size of its files.
};

// Returns the folder of `model`:
//   a folder that exists          itself
//   "org/name", "org/name@rev"    its snapshot in the cache (rev: a commit or a ref, default main)
//   "name"                        "sentence-transformers/name", as the reference does
// Throws kNotFound with what to do when there is no such model, kInvalidArgument for a name that
// can't be one.
std::string ResolveModel(const std::string& model, const HubOptions& options);

struct ModelFile {
  std::string name;  // Below the model's folder.
  std::uint64_t bytes;
};

// The files in a folder and the folders in it, by name; those that can't be looked at are left out.
std::vector<ModelFile> ListFiles(const std::string& folder);

// Every model in the cache, by name, then revision. An absent cache is an empty one.
std::vector<CachedModel> ListModels(const HubOptions& options);

// The cache folder that the variables of huggingface_hub name, given as their values:
// HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, HOME; empty or absent alike.
// A leading ~ and $NAME are expanded in the first three, as huggingface_hub does.
std::string CacheFolder(const std::function<std::optional<std::string>(const char*)>& variable);

}  // namespace merle
