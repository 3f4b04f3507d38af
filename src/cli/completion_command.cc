// merle completion: the script that lets a shell complete merle's command lines, and what it asks.

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/format.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/environment.h"
#include "hub/cache.h"

namespace merle {
namespace {

// A line of the answer instead of candidates: the shell completes names of files itself.
constexpr std::string_view kFiles = "@files";

// Each script hands all words up to the cursor to this command, which knows the tables. So a script
// need not change when they do.
constexpr std::string_view kBash = R"(# bash completion of merle
_merle() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = @files ]; then compopt -o default; else COMPREPLY+=("$line"); fi
  done < <("${COMP_WORDS[0]/#\~/$HOME}" completion bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _merle merle
)";

constexpr std::string_view kZsh = R"(#compdef merle
# zsh completion of merle
_merle() {
  local -a lines
  lines=("${(@f)$(${~${(Q)words[1]}} completion zsh -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $lines[1] == @files ]]; then
    _files
  elif [[ -n $lines[1] ]]; then
    _describe merle lines
  fi
}
if [[ $funcstack[1] == _merle ]]; then _merle "$@"; else compdef _merle merle; fi
)";

constexpr std::string_view kFish = R"(# fish completion of merle
function __merle_complete
    set -l before (commandline -opc)
    set -l last (commandline -ct)
    set -l lines ($before[1] completion fish -- $before[2..-1] "$last" 2>/dev/null)
    if test "$lines[1]" = @files
        __fish_complete_path "$last"
    else
        printf '%s\n' $lines
    end
end
complete -c merle -f -a '(__merle_complete)'
)";

struct Shell {
  std::string_view name;
  std::string_view script;
  std::string (*line)(const Candidate& candidate);
};

std::string BashLine(const Candidate& candidate) { return candidate.word; }

// "word:what it does", where a colon of the word itself has a backslash.
std::string ZshLine(const Candidate& candidate) {
  std::string line;
  for (const char c : candidate.word) {
    if (c == ':' || c == '\\') line += '\\';
    line += c;
  }
  return candidate.says.empty() ? line : Format("{}:{}", line, candidate.says);
}

std::string FishLine(const Candidate& candidate) {
  return Format("{}\t{}", candidate.word, candidate.says);
}

constexpr std::array kShells = {Shell{"bash", kBash, BashLine}, Shell{"zsh", kZsh, ZshLine},
                                Shell{"fish", kFish, FishLine}};

const Shell& FindShell(std::string_view name) {
  const auto found = std::ranges::find(kShells, name, &Shell::name);
  if (found == kShells.end()) {
    throw UsageError(Format("there is no completion for '{}': bash, zsh or fish is wanted", name));
  }
  return *found;
}

std::vector<std::string> NamesOfModels() {
  std::vector<std::string> names;
  for (const CachedModel& model : ListModels(HubCacheFromEnvironment()))
    names.push_back(model.name);
  return names;
}

int Run(const Invocation& invocation) {
  const Shell& shell = FindShell(invocation.arguments.front());
  const auto words = std::span(invocation.arguments).subspan(1);
  if (words.empty()) {
    invocation.out.Write(shell.script);
    return kExitOk;
  }
  const Completion completion = Complete(words, NamesOfModels);
  if (completion.files) invocation.out.Write(Format("{}\n", kFiles));
  for (const Candidate& candidate : completion.candidates) {
    invocation.out.Write(shell.line(candidate) + "\n");
  }
  return kExitOk;
}

}  // namespace

CommandDetails CompletionDetails() {
  return {
      .arguments = "bash|zsh|fish [WORD…]",
      .least_arguments = 1,
      .most_arguments = std::numeric_limits<std::size_t>::max(),
      .options = {},
      .description =
          "Writes the script that makes the Tab key complete commands, flags, their values, names "
          "of models and files. make install puts it where each shell looks.\n"
          "With words, as the script asks: writes what may stand in the place of the last one.",
      .examples = {{"eval \"$(merle completion bash)\"", "for this shell; in ~/.bashrc for all"},
                   {"merle completion zsh > ~/.zfunc/_merle", "for a folder in zsh's fpath"},
                   {"merle completion fish > ~/.config/fish/completions/merle.fish", "for fish"}},
      .run = Run,
  };
}

}  // namespace merle
