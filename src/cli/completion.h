// What may stand at the cursor of a command line: for the completion of every shell, from the
// tables of commands and flags.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace merle {

struct Candidate {
  std::string word;
  std::string_view says;  // What it does, or empty.
};

struct Completion {
  std::vector<Candidate> candidates;  // All begin with what is there already.
  bool files = false;                 // Names of files are wanted.
};

// words: those after `merle` up to the cursor; the last, often empty, is the one to complete.
// list_models: the names of the models on this machine; called where one may stand.
// An unknown command has no completion.
Completion Complete(std::span<const std::string> words,
                    const std::function<std::vector<std::string>()>& list_models);

}  // namespace merle
