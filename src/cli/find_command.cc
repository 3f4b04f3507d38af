#include "cli/find_command.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/format.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/commands.h"

namespace merle {
namespace {

bool HasTwoWords(const Command& command, std::string_view first) {
  return command.name.starts_with(first) && command.name.substr(first.size()).starts_with(' ');
}

[[noreturn]] void FailUnknown(const std::string& name) {
  std::vector<std::string_view> names;
  for (const Command& command : AllCommands()) {
    names.push_back(command.name);
    names.push_back(command.name.substr(0, command.name.find(' ')));
  }
  const std::string_view nearest = Nearest(name, names);
  throw UsageError(nearest.empty()
                       ? Format("there is no command '{}'; merle --help lists them", name)
                       : Format("there is no command '{}'; did you mean '{}'?", name, nearest));
}

}  // namespace

CommandMatch FindCommand(std::span<const std::string> words) {
  const std::string& first = words[0];
  const bool second = words.size() > 1 && !words[1].starts_with('-');
  const Command* first_of_group = nullptr;
  for (const Command& command : AllCommands()) {
    if (command.name == first) return {&command, 1};
    if (!HasTwoWords(command, first)) continue;
    if (second && command.name.substr(first.size() + 1) == words[1]) return {&command, 2};
    if (first_of_group == nullptr) first_of_group = &command;
  }
  if (first_of_group == nullptr) FailUnknown(first);
  if (second) FailUnknown(first + " " + words[1]);
  return {first_of_group, 1};
}

}  // namespace merle
