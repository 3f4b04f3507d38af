// What a sentence-transformers folder says about itself: its modules, lengths and prompts.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/folder.h"
#include "embedding/prompts.h"

namespace merle {

// One line of modules.json.
struct ModuleEntry {
  std::string class_name;  // Last part of its dotted Python path: "Pooling".
  Folder folder;           // Where its files lie.
  // The whole path of a class that is not sentence-transformers' own: code that we don't run.
  std::string own_class = {};
};

struct ModelFolder {
  // The transformer first. One without modules.json is a transformer and nothing else.
  std::vector<ModuleEntry> modules;
  bool has_modules_file = false;
  std::optional<std::size_t> max_tokens;    // `max_seq_length`
  bool lowercase_first = false;             // `do_lower_case`
  std::optional<std::size_t> truncate_dim;  // Components that are kept.
  Prompts prompts;
};

// Reads modules.json, sentence_bert_config.json (or its sisters) and
// config_sentence_transformers.json, as far as they are there.
// Throws kDataLoss for a broken file or a module path that leaves the folder, kUnimplemented for a
// model that is not one of text to one vector.
ModelFolder ReadModelFolder(const Folder& folder);

}  // namespace merle
