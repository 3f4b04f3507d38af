#include "hub/model_name.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/folder.h"
#include "base/format.h"

namespace merle {
namespace {

// A part of "org/name" as the hub allows it: no separators, nothing that climbs.
bool IsNamePart(std::string_view part) {
  return !part.empty() && part.front() != '.' && part.front() != '-' &&
         part.find("..") == part.npos && part.find("--") == part.npos &&
         std::all_of(part.begin(), part.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
         });
}

}  // namespace

bool IsCommit(std::string_view text) {
  return text.size() == 40 && std::all_of(text.begin(), text.end(),
                                          [](unsigned char c) { return std::isxdigit(c) != 0; });
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
  if (IsCommit(name.revision)) {
    std::ranges::transform(name.revision, name.revision.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  }
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
  if (ProblemOfName(name.revision)) {
    invalid("what follows '@' must be a commit, a branch or a tag");
  }
  return name;
}

}  // namespace merle
