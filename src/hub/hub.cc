#include "hub/hub.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"

namespace merle {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxRefBytes = 1024;

bool IsCommit(std::string_view text) {
  return text.size() == 40 && std::all_of(text.begin(), text.end(),
                                          [](unsigned char c) { return std::isxdigit(c) != 0; });
}

// A part of "org/name" as the hub allows it: no separators, nothing that climbs.
bool IsNamePart(std::string_view part) {
  return !part.empty() && part.front() != '.' && part.front() != '-' &&
         part.find("..") == part.npos && part.find("--") == part.npos &&
         std::all_of(part.begin(), part.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
         });
}

// "org/name@revision", taken apart and checked.
struct ModelName {
  std::string repository;  // "org/name"
  std::string revision;    // A commit or a ref.
};

ModelName ParseName(const std::string& model) {
  const auto invalid = [&](std::string_view why) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("'{}' is neither a folder nor a model's name: {}", model, why));
  };
  ModelName name;
  const std::size_t at = model.rfind('@');
  name.repository = model.substr(0, at);
  name.revision = at == model.npos ? "main" : model.substr(at + 1);
  const std::size_t slash = name.repository.find('/');
  if (slash == name.repository.npos) {
    name.repository = "sentence-transformers/" + name.repository;
  } else if (name.repository.find('/', slash + 1) != name.repository.npos) {
    invalid("a name has one '/' at most, and no such folder exists");
  }
  const std::size_t split = name.repository.find('/');
  if (!IsNamePart(name.repository.substr(0, split)) ||
      !IsNamePart(name.repository.substr(split + 1))) {
    invalid("a name is org/name, of letters, digits, '.', '_' and '-'");
  }
  const fs::path revision(name.revision);
  if (name.revision.empty() || revision.is_absolute() ||
      std::any_of(revision.begin(), revision.end(), [](const fs::path& p) { return p == ".."; })) {
    invalid("what follows '@' must be a commit, a branch or a tag");
  }
  return name;
}

std::string FolderName(std::string repository) {
  const std::size_t slash = repository.find('/');
  return "models--" + repository.replace(slash, 1, "--");
}

std::string ReadRef(const std::string& path) {
  if (!FileExists(path)) return {};
  std::string commit = ReadFile(path, kMaxRefBytes);
  while (!commit.empty() && std::isspace(static_cast<unsigned char>(commit.back())) != 0) {
    commit.pop_back();
  }
  return IsCommit(commit) ? commit : std::string();
}

// The names in a folder; what can't be read is taken as empty.
std::vector<std::string> NamesIn(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  return names;
}

std::uint64_t FolderBytes(const std::string& folder) {
  std::uint64_t bytes = 0;
  for (const ModelFile& file : ListFiles(folder)) bytes += file.bytes;
  return bytes;
}

// Replaces a leading ~ and every $NAME or ${NAME} whose variable is set.
std::string Expand(std::string text,
                   const std::function<std::optional<std::string>(const char*)>& variable) {
  if (text.starts_with('~') && (text.size() == 1 || text[1] == '/')) {
    text.replace(0, 1, variable("HOME").value_or("~"));
  }
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const bool braced = text.compare(i, 2, "${") == 0;
    const std::size_t begin = i + (braced ? 2 : 1);
    std::size_t end = begin;
    while (end < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) {
      ++end;
    }
    const bool named =
        text[i] == '$' && end > begin && (!braced || (end < text.size() && text[end] == '}'));
    const auto value =
        named ? variable(text.substr(begin, end - begin).c_str()) : std::optional<std::string>();
    if (value) {
      out += *value;
      i = end + (braced ? 1 : 0);
    } else {
      out.push_back(text[i++]);
    }
  }
  return out;
}

}  // namespace

std::string ResolveModel(const std::string& model, const HubOptions& options) {
  if (model.empty()) throw Error(ErrorCode::kInvalidArgument, "the model's name is empty");
  if (FolderExists(model)) return model;
  if (FileExists(model)) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("'{}' is a file; name the model's folder", model));
  }
  if (model.front() == '/' || model.front() == '.' || model.front() == '~') {
    throw Error(ErrorCode::kNotFound, Format("there is no model folder '{}'", model));
  }
  const ModelName name = ParseName(model);
  const fs::path folder = fs::path(options.cache) / FolderName(name.repository);
  const std::string commit =
      IsCommit(name.revision) ? name.revision : ReadRef(folder / "refs" / name.revision);
  const fs::path snapshot = folder / "snapshots" / commit;
  if (!commit.empty() && FolderExists(snapshot)) return snapshot.string();
  throw Error(ErrorCode::kNotFound,
              Format("the model '{}' (revision {}) is not in the cache {}; `merle models list` "
                     "shows what is there",
                     name.repository, name.revision, options.cache));
}

std::vector<ModelFile> ListFiles(const std::string& folder) {
  std::vector<ModelFile> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    if (!entry->is_regular_file(gone)) continue;
    const std::uint64_t bytes = entry->file_size(gone);
    if (!gone) files.push_back({entry->path().lexically_relative(folder).string(), bytes});
  }
  std::ranges::sort(files, {}, &ModelFile::name);
  return files;
}

std::vector<CachedModel> ListModels(const HubOptions& options) {
  constexpr std::string_view kPrefix = "models--";
  std::vector<CachedModel> models;
  for (const std::string& folder : NamesIn(options.cache)) {
    const std::size_t split = folder.find("--", kPrefix.size());
    if (!folder.starts_with(kPrefix) || split == folder.npos) continue;
    const std::string name =
        folder.substr(kPrefix.size(), split - kPrefix.size()) + "/" + folder.substr(split + 2);
    const fs::path snapshots = fs::path(options.cache) / folder / "snapshots";
    for (const std::string& revision : NamesIn(snapshots)) {
      const std::string path = snapshots / revision;
      if (!IsCommit(revision) || !FolderExists(path)) continue;
      models.push_back({name, revision, path, FolderBytes(path)});
    }
  }
  std::sort(models.begin(), models.end(), [](const CachedModel& a, const CachedModel& b) {
    return std::pair(a.name, a.revision) < std::pair(b.name, b.revision);
  });
  return models;
}

std::string CacheFolder(const std::function<std::optional<std::string>(const char*)>& variable) {
  const auto set = [&](const char* name) -> std::optional<std::string> {
    auto value = variable(name);
    if (value && value->empty()) value.reset();
    return value;
  };
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (const auto cache = set(name)) return Expand(*cache, set);
  }
  if (const auto home = set("HF_HOME")) return Expand(*home, set) + "/hub";
  if (const auto xdg = set("XDG_CACHE_HOME")) return *xdg + "/huggingface/hub";
  return set("HOME").value_or("") + "/.cache/huggingface/hub";
}

}  // namespace merle
