#include "cli/command_line.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <utility>

#include "base/format.h"
#include "cli/environment.h"

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

// One command line on its way through the parser.
class Parser {
 public:
  Parser(const Command& command, std::span<const std::string> words)
      : options_(OptionsOf(command)), command_(command), words_(words) {}

  CommandLine Parse() {
    SetFromEnvironment();
    bool flags_ended = false;
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (!flags_ended && word == "--") {
        flags_ended = true;
      } else if (flags_ended || !LooksLikeFlag(word)) {
        line_.arguments.push_back(word);
      } else if (word.starts_with("--")) {
        ParseLong(word);
      } else {
        ParseShort(word);
      }
    }
    CheckArguments();
    return std::move(line_);
  }

 private:
  void SetFromEnvironment() {
    for (const Option* option : options_) {
      if (*option->variable == '\0') continue;
      if (const auto value = EnvironmentVariable(option->variable)) {
        Set(*option, {*value}, option->variable);
      }
    }
  }

  void ParseLong(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(2, equals - 2);
    const auto found = std::ranges::find(options_, name, [](auto* option) { return option->name; });
    if (found == options_.end()) FailUnknown(word.substr(0, equals));
    const Option& option = **found;
    if (equals != std::string_view::npos) {
      if (IsSwitch(option)) throw UsageError(Format("--{} takes no value", name));
      Set(option, {std::string(word.substr(equals + 1))}, FlagOf(option));
    } else {
      SetFromNextWords(option, FlagOf(option));
    }
  }

  void ParseShort(std::string_view word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const std::string flag = Format("-{}", word[i]);
      const auto found =
          std::ranges::find(options_, word[i], [](auto* option) { return option->short_name; });
      if (found == options_.end()) FailUnknown(i == 1 ? word : flag);
      if (!IsSwitch(**found) && i + 1 < word.size()) {
        Set(**found, {std::string(word.substr(i + 1))}, flag);
        return;
      }
      SetFromNextWords(**found, flag);
    }
  }

  void SetFromNextWords(const Option& option, const std::string& flag) {
    std::vector<std::string> values;
    if (IsSwitch(option)) {
      values = {"1"};
    } else if (TakesSeveral(option)) {
      while (next_ < words_.size() && words_[next_] != "--" && !LooksLikeFlag(words_[next_])) {
        values.push_back(words_[next_++]);
      }
    } else if (next_ < words_.size()) {
      values = {words_[next_++]};
    }
    if (values.empty()) throw UsageError(Format("{} wants a value: {}", flag, option.value));
    Set(option, values, flag);
  }

  void Set(const Option& option, std::vector<std::string> values, std::string_view source) {
    if (TakesSeveral(option)) {  // -i a -i b is -i a b.
      auto& all = line_.options.*std::get<std::vector<std::string> Options::*>(option.target);
      values.insert(values.begin(), all.begin(), all.end());
    }
    try {
      SetOption(option, values, source, line_.options);
    } catch (const Error& error) {
      throw UsageError(error.what());
    }
  }

  [[noreturn]] void FailUnknown(std::string_view flag) const {
    std::vector<std::string_view> names;
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
  std::span<const std::string> words_;
  std::size_t next_ = 0;
  CommandLine line_;
};

}  // namespace

CommandLine ParseCommandLine(const Command& command, std::span<const std::string> words) {
  return Parser(command, words).Parse();
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
