#include "hub/model_name.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/format.h"

namespace merle {
namespace {

constexpr std::size_t kMaxNameBytes = 1024;
constexpr std::size_t kMaxPartBytes = 200;  // Leaves room for endings within the usual 255.

// A part of "org/name" as the hub allows it: no separators, nothing that climbs.
bool IsNamePart(std::string_view part) {
  return !part.empty() && part.front() != '.' && part.front() != '-' &&
         part.find("..") == part.npos && part.find("--") == part.npos &&
         std::all_of(part.begin(), part.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
         });
}

bool IsPart(std::string_view part) {
  return !part.empty() && part.size() <= kMaxPartBytes && part != "." && part != ".." &&
         std::all_of(part.begin(), part.end(),
                     [](unsigned char c) { return c > ' ' && c != 0x7F && c != '\\' && c != ':'; });
}

}  // namespace

bool IsCommit(std::string_view text) {
  return text.size() == 40 && std::all_of(text.begin(), text.end(),
                                          [](unsigned char c) { return std::isxdigit(c) != 0; });
}

bool IsFileName(std::string_view name) {
  if (name.size() > kMaxNameBytes) return false;
  while (true) {
    const std::size_t slash = name.find('/');
    if (!IsPart(name.substr(0, slash))) return false;
    if (slash == name.npos) return true;
    name.remove_prefix(slash + 1);
  }
}

ModelName ParseModelName(const std::string& model) {
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
  if (!IsFileName(name.revision)) {
    invalid("what follows '@' must be a commit, a branch or a tag");
  }
  return name;
}

}  // namespace merle
