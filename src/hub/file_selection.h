// Which files of a model on the hub Merle and its peers need, and whether a folder has them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/folder.h"

namespace merle {

// Of all files of a model, those to fetch: configuration, tokenizer, weights as safetensors, the
// folders of its modules, README.md. `modules_json` is the content of modules.json, or empty where
// the model has none. Left out are weights in other forms, exports and training data.
// Throws kUnimplemented if the model has no weights that Merle reads, kDataLoss if modules.json is
// damaged; `repository` stands in the message.
std::vector<std::string> SelectFiles(const std::string& repository,
                                     const std::vector<std::string>& names,
                                     const std::string& modules_json);

// Files that programs look for and take as absent: those of them that `names` lacks, in the model's
// folder and in that of its transformer. Throws kDataLoss if modules.json is damaged.
std::vector<std::string> AbsentFiles(const std::string& repository,
                                     const std::vector<std::string>& names,
                                     const std::string& modules_json);

// What a model's folder lacks to be loaded, such as "model.safetensors"; empty where it is whole.
// modules.json and the index of the shards say which files belong to the model. Throws kDataLoss if
// one of these two is damaged, or a link leaves the folder.
std::string MissingPart(const Folder& folder);

// What the folder lacks of the files that a model may have or not, and that change its vectors. A
// program that fetched a part of the model leaves them out, and nothing in the folder tells. Throws
// as MissingPart.
std::vector<std::string> LackingOptionalFiles(const Folder& folder);

}  // namespace merle
