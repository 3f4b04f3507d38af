#include "cli/completion.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/format.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/find_command.h"
#include "cli/options.h"

namespace merle {
namespace {

bool IsFlag(std::string_view word) { return word.size() > 1 && word.starts_with('-'); }

// Bash breaks "--on-long=cut" into "--on-long", "=", "cut": as good as without the "=".
std::vector<std::string> WithoutEqualSigns(std::span<const std::string> words) {
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool sign = words[i] == "=" && i > 0 && IsFlag(words[i - 1]);
    if (!sign) kept.push_back(words[i]);
    if (sign && i + 1 == words.size()) kept.emplace_back();
  }
  return kept;
}

// The name of argument `index` in "QUERY" or "[TEXT TEXT…]", empty behind the last.
std::string_view ArgumentName(std::string_view arguments, std::size_t index) {
  while (true) {
    const std::size_t blank = arguments.find(' ');
    const std::string_view name = arguments.substr(0, blank);
    if (index == 0) return name;
    if (blank == std::string_view::npos) return name.find("…") < name.size() ? name : "";
    arguments.remove_prefix(blank + 1);
    --index;
  }
}

class Completer {
 public:
  Completer(std::span<const std::string> words,
            const std::function<std::vector<std::string>()>& list_models)
      : words_(WithoutEqualSigns(words)), list_models_(list_models), last_(words_.back()) {}

  Completion Run() {
    const auto before = std::span(words_).first(words_.size() - 1);
    if (before.size() < 2) AddCommands(before);
    if (before.empty()) {
      Add("--help", "Show all commands");
      Add("--version", "Say which Merle this is");
    } else if (found_.candidates.empty()) {
      AddForCommand(before);
    }
    return std::move(found_);
  }

 private:
  void Add(std::string word, std::string_view says) {
    if (word.starts_with(last_)) found_.candidates.push_back({std::move(word), says});
  }

  // The next word of every command whose name begins with `words`, none or one.
  void AddCommands(std::span<const std::string> words) {
    for (const Command& command : AllCommands()) {
      std::string_view name = command.name;
      if (!words.empty()) {
        if (!name.starts_with(words[0] + " ")) continue;
        name.remove_prefix(words[0].size() + 1);
      }
      const std::string_view word = name.substr(0, name.find(' '));
      const bool whole = word == name;
      if (found_.candidates.empty() || found_.candidates.back().word != word) {
        Add(std::string(word), whole ? command.summary : command.group);
      }
    }
  }

  void AddForCommand(std::span<const std::string> before) {
    const Command* command = nullptr;
    std::size_t name_words = 0;
    try {
      const CommandMatch match = FindCommand(before);
      command = match.command;
      name_words = match.words;
    } catch (const UsageError&) {
      return;  // Nothing follows a command that isn't there; the shell wants no message.
    }
    options_ = OptionsOf(*command);
    WalkTo(before.subspan(name_words));
    const std::size_t equal = last_.find('=');
    if (!flags_ended_ && last_.starts_with("--") && equal != std::string::npos) {
      const Option* option = FindByName(last_.substr(2, equal - 2));
      if (option != nullptr) AddValues(*option, last_.substr(0, equal + 1));
    } else if (wants_ != nullptr && !(TakesSeveral(*wants_) && IsFlag(last_))) {
      AddValues(*wants_, "");
    } else if (!flags_ended_ && last_.starts_with('-')) {
      AddFlags();
    } else {
      AddArgument(command->details().arguments);
      if (found_.candidates.empty() && !found_.files && last_.empty()) AddFlags();
    }
  }

  // Reads the words between the command and the last one.
  void WalkTo(std::span<const std::string> words) {
    for (const std::string& word : words) {
      if (wants_ != nullptr && !TakesSeveral(*wants_)) {
        wants_ = nullptr;  // This was its value.
      } else if (!flags_ended_ && word == "--") {
        flags_ended_ = true;
        wants_ = nullptr;
      } else if (!flags_ended_ && IsFlag(word)) {
        wants_ = WantsValueNext(word);
      } else if (wants_ == nullptr) {
        arguments_.push_back(word);
      }
    }
  }

  // The flag whose value is the word after `word`, if any: --model, -m, -qm.
  const Option* WantsValueNext(std::string_view word) const {
    if (word.starts_with("--")) {
      const Option* option = FindByName(word.substr(2));
      return option == nullptr || IsSwitch(*option) ? nullptr : option;
    }
    for (const char& letter : word.substr(1)) {
      const auto found = std::ranges::find(options_, letter, &Option::short_name);
      if (found == options_.end()) return nullptr;
      if (!IsSwitch(**found)) return &letter == &word.back() ? *found : nullptr;
    }
    return nullptr;
  }

  const Option* FindByName(std::string_view name) const {
    const auto found = std::ranges::find(options_, name, &Option::name);
    return found == options_.end() ? nullptr : *found;
  }

  void AddFlags() {
    for (const Option* option : options_) {
      if (!option->name.empty()) Add(Format("--{}", option->name), option->help);
    }
    for (const Option* option : options_) {
      if (option->short_name != 0) Add(Format("-{}", option->short_name), option->help);
    }
  }

  void AddValues(const Option& option, const std::string& prefix) {
    AddNamed(option.name == "model" ? "MODEL" : option.value, prefix);
  }

  void AddArgument(std::string_view arguments) {
    if (arguments == "[COMMAND]") {
      if (arguments_.size() < 2) AddCommands(arguments_);
    } else {
      AddNamed(ArgumentName(arguments, arguments_.size()), "");
    }
  }

  // What a value or argument of that name in the help can be: "MODEL", "FILE…", "cut|error".
  void AddNamed(std::string_view name, const std::string& prefix) {
    if (name.find("FILE") < name.size()) {
      found_.files = true;
    } else if (name.find("MODEL") < name.size()) {
      for (const std::string& model : list_models_()) Add(prefix + model, "");
      found_.files = found_.candidates.empty();  // A folder is a model too.
    } else if (name.find('|') < name.size()) {
      while (!name.empty()) {
        const std::size_t bar = std::min(name.find('|'), name.size());
        Add(prefix + std::string(name.substr(0, bar)), "");
        name.remove_prefix(std::min(bar + 1, name.size()));
      }
    }
  }

  const std::vector<std::string> words_;
  const std::function<std::vector<std::string>()>& list_models_;
  const std::string& last_;
  Completion found_;

  // Where the last word stands.
  std::vector<const Option*> options_;  // Those of the command.
  std::vector<std::string> arguments_;  // Before it.
  const Option* wants_ = nullptr;       // The flag whose value it is or may be.
  bool flags_ended_ = false;            // By "--".
};

}  // namespace

Completion Complete(std::span<const std::string> words,
                    const std::function<std::vector<std::string>()>& list_models) {
  return Completer(words, list_models).Run();
}

}  // namespace merle
