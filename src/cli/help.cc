#include "cli/help.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/format.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace merle {
namespace {

constexpr std::size_t kWidestHelp = 100;  // Longer lines tire the eye.

std::size_t HelpWidth(const Terminal& screen) { return std::min(screen.width(), kWidestHelp); }

std::string Usage(const Command& command, const Terminal& screen) {
  const std::string_view arguments = command.details().arguments;
  std::string usage = screen.Bold(Format("merle {}", command.name));
  if (!arguments.empty()) usage += Format(" {}", arguments);
  return usage + " [flags]\n";
}

std::string Examples(const Command& command, const Terminal& screen) {
  std::string text = "\n" + screen.Bold("Examples") + "\n";
  for (const Example& example : command.details().examples) {
    text += Format("  {}\n      {}\n", screen.Accent(example.line), screen.Dim(example.says));
  }
  return text;
}

// Two columns: names, and beside them what they mean, wrapped.
class Columns {
 public:
  void Add(std::string name, std::string meaning) {
    rows_.emplace_back(std::move(name), std::move(meaning));
  }

  std::string Text(const Terminal& screen) const {
    std::size_t name_width = 0;
    for (const auto& [name, meaning] : rows_) name_width = std::max(name_width, DisplayWidth(name));
    name_width = std::min<std::size_t>(name_width, 26);
    std::string text;
    for (const auto& [name, meaning] : rows_) {
      std::string lines = Wrap(meaning, HelpWidth(screen), name_width + 4, 99);
      if (DisplayWidth(name) <= name_width) {
        lines.erase(0, name_width + 4);
        text += "  " + screen.Accent(PadRight(name, name_width)) + "  " + lines;
      } else {
        text += "  " + screen.Accent(name) + "\n" + lines;
      }
    }
    return text;
  }

 private:
  std::vector<std::pair<std::string, std::string>> rows_;
};

// "-m, --model NAME", without the choices of those that have many.
std::string BriefFlag(const Option& option) {
  std::string flag = FlagWithValue(option);
  flag.erase(0, flag.find_first_not_of(' '));
  const std::size_t bar = flag.find('|');
  if (bar != std::string::npos && flag.size() > 26) flag.replace(bar, std::string::npos, "|…");
  return flag;
}

// All flags of a command in columns, without a word of explanation.
std::string FlagLines(const Command& command, const Terminal& screen) {
  std::vector<std::string> flags;
  std::size_t width = 0;
  for (const Option* option : OptionsOf(command)) {
    if (option->name.empty() || option->name == "help") continue;
    flags.push_back(BriefFlag(*option));
    width = std::max(width, DisplayWidth(flags.back()));
  }
  const std::size_t columns = std::max<std::size_t>(1, HelpWidth(screen) / (width + 2));
  const std::size_t rows = (flags.size() + columns - 1) / columns;
  std::string text;
  for (std::size_t row = 0; row < rows; ++row) {
    std::string line;
    for (std::size_t i = row; i < flags.size(); i += rows) line += "  " + PadRight(flags[i], width);
    while (line.ends_with(' ')) line.pop_back();
    text += screen.Accent(line) + "\n";
  }
  return text;
}

}  // namespace

std::string MeaningOf(const Option& option) {
  std::string meaning(option.help);
  const std::string otherwise = DefaultOf(option);
  if (!otherwise.empty()) meaning += Format(" [{}]", otherwise);
  if (*option.variable != '\0') meaning += Format(" ({})", option.variable);
  return meaning;
}

std::string WelcomeText(const Terminal& screen) {
  const auto line = [&](std::string_view command, std::string_view says) {
    return Format("  {}  {}\n", screen.Accent(PadRight(command, 50)), screen.Dim(says));
  };
  return screen.Bold("Merle") + " turns text into vectors, and finds by meaning. Try:\n" +
         line("merle similarity cat dog hamburger", "how near are these words?") +
         line("merle search 'how do I get home?' -i notes/", "which of my files answers this?") +
         line("merle embed -i texts.txt -o vectors.npy", "a vector for each line") +
         line("merle explain 'The cat sat on the mat.'", "what happens inside the model") +
         Format("{} lists everything, {} explains one command.\n", screen.Accent("merle --help"),
                screen.Accent("merle help search"));
}

std::string OverviewText(const Terminal& screen) {
  std::string text = "Merle turns text into vectors, and finds by meaning.\n\n" +
                     screen.Bold("merle COMMAND") + " [ARGUMENTS] [flags]\n";
  const auto commands = AllCommands();
  for (std::size_t i = 0; i < commands.size();) {
    const std::string_view group = commands[i].group;
    text += "\n" + screen.Bold(group) + "\n";
    for (; i < commands.size() && commands[i].group == group; ++i) {
      text +=
          Format("  {}  {}\n", screen.Accent(PadRight(commands[i].name, 12)), commands[i].summary);
    }
  }
  return text + Format("\n{} shows examples, {} every flag, {} the version.\n",
                       screen.Accent("merle COMMAND -h"), screen.Accent("merle COMMAND --help"),
                       screen.Accent("merle --version"));
}

std::string ShortHelpText(const Command& command, const Terminal& screen) {
  const std::string more = screen.Accent(Format("merle {} --help", command.name));
  return Usage(command, screen) + Format("  {}.\n", command.summary) + Examples(command, screen) +
         "\n" + screen.Bold("Flags") + Format("   ({} explains them)\n", more) +
         FlagLines(command, screen);
}

std::string FullHelpText(const Command& command, const Terminal& screen) {
  std::string text = Usage(command, screen) + Format("  {}.\n", command.summary);
  std::string_view rest = command.details().description;
  while (!rest.empty()) {  // A paragraph a line.
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    text += "\n" + Wrap(rest.substr(0, end), HelpWidth(screen), 0, 99);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  Columns columns;
  for (const Option* option : OptionsOf(command)) {
    columns.Add(FlagWithValue(*option), MeaningOf(*option));
  }
  return text + Examples(command, screen) + "\n" + screen.Bold("Flags") +
         "   [default] (environment variable)\n" + columns.Text(screen);
}

}  // namespace merle
