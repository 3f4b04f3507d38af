// The names of the files that lead to an output.
#pragma once

#include <string>

#include "base/file.h"

namespace merle {

// They stand beside the file of -o, or the one that a link there leads to.
struct OutputFiles {
  explicit OutputFiles(const std::string& output)
      : target(FollowLinks(output)),
        partial(target + ".partial"),
        journal(partial + ".journal"),
        whole(target + ".whole.partial") {}

  std::string target;   // The output.
  std::string partial;  // What is done of it.
  std::string journal;  // How much that is: cli/journal.h.
  std::string whole;    // Made of the partial file at the end, where it has another form.
};

}  // namespace merle
