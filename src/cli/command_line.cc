#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/options.h"

namespace merle {
namespace {

constexpr std::array<std::string_view, 6> kOptionsOfAllCommands = {
    "quiet", "verbose", "color", "no-progress", "", "help"};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool LooksLikeFlag(std::string_view word) {
  const std::string_view name = word.substr(0, word.find('='));
  const std::size_t letter = name.starts_with("--") ? 2 : 1;
  return name.starts_with('-') && name.size() > letter && IsLetter(name[letter]) &&
         name.find_first_of(" \t\n") == std::string_view::npos;
}

// Levenshtein's distance, where two neighbours that swapped places count once.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last, last, row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last = std::exchange(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

// One command line on its way through CLI11. CLI11 finds flags and their values; what they mean,
// the environment and the words of errors are ours.
class Parser {
 public:
  explicit Parser(const Command& command) : options_(OptionsOf(command)), command_(command) {
    app_.set_help_flag();
    app_.allow_extras();  // Our texts. CLI11's own positionals would take "[SEP]" for a list.
    for (const Option* option : options_) {
      CLI::Option* added =
          IsSwitch(*option) ? app_.add_flag(NamesOf(*option)) : app_.add_option(NamesOf(*option));
      if (TakesSeveral(*option)) {
        added->expected(1, kMostValues)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      } else if (!IsSwitch(*option)) {
        added->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
      }
      parsed_.push_back(added);
    }
  }

  CommandLine Parse(std::span<const std::string> words) {
    app_.add_flag(kEndOfList);
    CheckDashes(words);
    std::vector<std::string> reversed = SeparateValues(words);
    std::ranges::reverse(reversed);  // As CLI11 wants them.
    try {
      app_.parse(reversed);
    } catch (const CLI::ParseError& error) {
      Fail(error);
    }
    TakeArguments();
    for (std::size_t i = 0; i < options_.size(); ++i) TakeOption(*options_[i], *parsed_[i]);
    CheckArguments();
    return std::move(line_);
  }

 private:
  static constexpr int kMostValues = 1 << 20;
  static constexpr const char* kEndOfList = "--end-of-list";  // A switch that does nothing else.

  static std::string NamesOf(const Option& option) {
    std::string names = option.name.empty() ? "" : Format("--{}", option.name);
    if (option.short_name != 0)
      names += Format("{}-{}", names.empty() ? "" : ",", option.short_name);
    return names;
  }

  const Option* FindByName(std::string_view name) const {
    const auto found = std::ranges::find(options_, name, [](auto* option) { return option->name; });
    return found == options_.end() ? nullptr : *found;
  }

  // Makes two words of "--prompt=", which CLI11 takes for a flag without its value, and ends the
  // list behind "--input=FILE", which it would go on with.
  std::vector<std::string> SeparateValues(std::span<const std::string> words) const {
    std::vector<std::string> split;
    bool flags_ended = false;
    for (const std::string& word : words) {
      flags_ended = flags_ended || word == "--";
      if (!flags_ended && word.starts_with("--") && word.ends_with('=') &&
          word.find('=') == word.size() - 1) {
        split.push_back(word.substr(0, word.size() - 1));
        split.emplace_back();
      } else {
        split.push_back(word);
      }
      const std::size_t equals = word.starts_with("--") ? word.find('=') : word.npos;
      if (flags_ended || equals == word.npos) continue;
      const Option* option = FindByName(std::string_view(word).substr(2, equals - 2));
      if (option != nullptr && TakesSeveral(*option)) split.emplace_back(kEndOfList);
    }
    return split;
  }

  // Refuses "-model", which would name the model "odel", and "--json=yes".
  void CheckDashes(std::span<const std::string> words) const {
    for (const std::string_view word : words) {
      if (word == "--") return;
      if (!LooksLikeFlag(word)) continue;
      if (!word.starts_with("--") && FindByName(word.substr(1)) != nullptr) FailUnknown(word);
      const std::string_view name = word.substr(0, word.find('='));
      const Option* option = name.starts_with("--") ? FindByName(name.substr(2)) : nullptr;
      if (option != nullptr && IsSwitch(*option) && name.size() < word.size()) {
        throw UsageError(Format("{} takes no value", name));
      }
    }
  }

  // What CLI11 could not place: texts, and flags that are none.
  void TakeArguments() {
    bool flags_ended = false;
    for (const std::string& word : app_.remaining()) {
      if (!flags_ended && word == "--") {
        flags_ended = true;
      } else if (!flags_ended && LooksLikeFlag(word)) {
        FailUnknown(std::string_view(word).substr(0, word.find('=')));
      } else {
        line_.arguments.push_back(word);
      }
    }
  }

  void TakeOption(const Option& option, const CLI::Option& parsed) {
    if (parsed.count() > 0) {
      Set(option, IsSwitch(option) ? std::vector<std::string>{"1"} : parsed.reduced_results(),
          FlagOf(option));
    } else if (*option.variable != '\0') {
      if (const auto value = EnvironmentVariable(option.variable)) {
        Set(option, {*value}, option.variable);
      }
    }
  }

  void Set(const Option& option, const std::vector<std::string>& values, std::string_view source) {
    try {
      SetOption(option, values, source, line_.options);
    } catch (const Error& error) {
      throw UsageError(error.what());
    }
  }

  // A flag without its value is the one thing that CLI11 finds wrong by itself.
  [[noreturn]] void Fail(const CLI::ParseError& error) const {
    const std::string_view message = error.what();
    for (std::size_t i = 0; i < options_.size(); ++i) {
      if (message.starts_with(parsed_[i]->get_name() + ":")) {
        throw UsageError(Format("{} wants a value: {}", FlagOf(*options_[i]), options_[i]->value));
      }
    }
    throw UsageError(std::string(message));
  }

  [[noreturn]] void FailUnknown(std::string_view flag) const {
    std::vector<std::string_view> names;
    names.reserve(options_.size());
    for (const Option* option : options_) names.push_back(option->name);
    const std::string_view nearest = Nearest(flag.substr(flag.find_first_not_of('-')), names);
    throw UsageError(nearest.empty()
                         ? Format("there is no flag {}", flag)
                         : Format("there is no flag {}; did you mean --{}?", flag, nearest));
  }

  void CheckArguments() const {
    if (line_.options.short_help || line_.options.full_help) return;
    const CommandDetails details = command_.details();
    const std::size_t count = line_.arguments.size();
    if (count < details.least_arguments) {
      throw UsageError(line_.options.inputs.empty()
                           ? Format("{} is missing", details.arguments)
                           : Format("{} is missing; it stands before -i, which takes all that "
                                    "follows it for files",
                                    details.arguments));
    }
    if (count > details.most_arguments) {
      const std::string& extra = line_.arguments[details.most_arguments];
      throw UsageError(
          details.most_arguments == 0
              ? Format("'{}' is too much: no argument is wanted here", extra)
              : Format("'{}' is too much; put quotes around a text of several words", extra));
    }
  }

  std::vector<const Option*> options_;
  const Command& command_;
  CLI::App app_;
  std::vector<CLI::Option*> parsed_;  // Beside options_.
  CommandLine line_;
};

}  // namespace

CommandLine ParseCommandLine(const Command& command, std::span<const std::string> words) {
  return Parser(command).Parse(words);
}

std::vector<const Option*> OptionsOf(const Command& command) {
  const CommandDetails details = command.details();
  std::vector<const Option*> options;
  for (const Option& option : AllOptions()) {
    const bool own = std::ranges::find(details.options, option.name) != details.options.end();
    const bool common =
        std::ranges::find(kOptionsOfAllCommands, option.name) != kOptionsOfAllCommands.end();
    if (own || common) options.push_back(&option);
  }
  return options;
}

std::string_view Nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view nearest;
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;  // A third of it may be wrong.
  for (const std::string_view candidate : candidates) {
    const bool begins = word.size() >= 3 && candidate.starts_with(word);
    const std::size_t distance = begins ? 1 : Distance(word, candidate);
    if (distance < best && !candidate.empty()) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace merle
