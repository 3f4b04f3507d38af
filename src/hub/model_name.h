// Names on the hub and in its cache: "org/name@revision", commits; all of them checked.
#pragma once

#include <string>
#include <string_view>

namespace merle {

// "org/name@revision", taken apart.
struct ModelName {
  std::string repository;  // "org/name", or "bert-base-uncased".
  std::string revision;    // A commit or a ref, such as "main".
};

// Reads "org/name", "org/name@revision" or "name", which is sentence-transformers/name unless it is
// one of the models that are older than organisations, as for the reference; the revision is "main"
// where none is given. Throws kInvalidArgument for anything else, so that both parts can be used in
// paths and addresses.
ModelName ParseModelName(const std::string& model);

// 40 hexadecimal digits.
bool IsCommit(std::string_view text);

}  // namespace merle
