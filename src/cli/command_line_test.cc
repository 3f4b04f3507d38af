#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/find_command.h"
#include "cli/options.h"

namespace merle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

CommandLine Parse(const Words& words) {
  const CommandMatch match = FindCommand(words);
  return ParseCommandLine(*match.command, std::span(words).subspan(match.words));
}

std::string ErrorOf(const Words& words) {
  try {
    Parse(words);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ParseCommandLine, TellsFlagsFromTexts) {
  const CommandLine line = Parse({"embed", "-5 degrees", "-", "-m", "x", "--", "--json", "-q"});
  EXPECT_THAT(line.arguments, ElementsAre("-5 degrees", "-", "--json", "-q"));
  EXPECT_EQ(line.options.model, "x");
  EXPECT_FALSE(line.options.json);
}

TEST(ParseCommandLine, TakesValuesInEverySpelling) {
  for (const Words& words : {Words{"search", "q", "-k", "7"}, Words{"search", "q", "-k7"},
                             Words{"search", "q", "--top", "7"}, Words{"search", "--top=7", "q"},
                             Words{"search", "q", "-k", "3", "-qk7"}}) {
    EXPECT_EQ(Parse(words).options.top, 7u);
  }
}

TEST(ParseCommandLine, TakesAValueThatLooksLikeAFlagWhereOneIsWanted) {
  EXPECT_EQ(Parse({"search", "q", "--min-score", "-0.5"}).options.min_score, -0.5);
  EXPECT_EQ(Parse({"embed", "x", "--prompt", "--loud"}).options.prompt, "--loud");
  EXPECT_EQ(Parse({"embed", "x", "--prompt", ""}).options.prompt, "");
}

TEST(ParseCommandLine, LeavesWordsBehindTheDashesWhole) {
  EXPECT_THAT(Parse({"embed", "--", "--prompt=", "-m"}).arguments, ElementsAre("--prompt=", "-m"));
}

TEST(ParseCommandLine, TakesFilesUpToTheNextFlag) {
  const CommandLine line = Parse({"embed", "-i", "a", "-", "--json", "-i", "b", "--", "c"});
  EXPECT_THAT(line.options.inputs, ElementsAre("a", "-", "b"));
  EXPECT_THAT(line.arguments, ElementsAre("c"));
  EXPECT_EQ(ErrorOf({"search", "q", "-i", "a", "--", "c"}),
            "'c' is too much; put quotes around a text of several words");
}

TEST(ParseCommandLine, TakesOneFileBehindAnEqualsSign) {
  const CommandLine line = Parse({"embed", "-i", "a", "b", "--input=-", "c", "--input=", "d"});
  EXPECT_THAT(line.options.inputs, ElementsAre("a", "b", "-", ""));
  EXPECT_THAT(line.arguments, ElementsAre("c", "d"));
  EXPECT_THAT(Parse({"embed", "--", "--input=a", "b"}).arguments, ElementsAre("--input=a", "b"));
}

TEST(ParseCommandLine, NamesTheNearestFlag) {
  EXPECT_EQ(ErrorOf({"embed", "--modle", "x"}), "there is no flag --modle; did you mean --model?");
  EXPECT_EQ(ErrorOf({"embed", "-model", "x"}), "there is no flag -model; did you mean --model?");
}

TEST(ParseCommandLine, HelpNeedsNoArguments) {
  EXPECT_TRUE(Parse({"explain", "-h"}).options.short_help);
  EXPECT_TRUE(Parse({"search", "--help"}).options.full_help);
}

TEST(FindCommand, KnowsCommandsOfTwoWords) {
  EXPECT_EQ(FindCommand(Words{"models", "show", "x"}).command->name, "models show");
  EXPECT_EQ(FindCommand(Words{"models", "--json"}).command->name, "models list");
  EXPECT_EQ(FindCommand(Words{"eval", "sts"}).words, 2u);
}

TEST(Nearest, FindsSlipsAndBeginningsButNoStrangers) {
  const std::vector<std::string_view> words = {"embed", "search", "similarity"};
  EXPECT_EQ(Nearest("embde", words), "embed");
  EXPECT_EQ(Nearest("sim", words), "similarity");
  EXPECT_EQ(Nearest("serach", words), "search");
  EXPECT_EQ(Nearest("xyz", words), "");
}

TEST(Commands, HaveThreeExamplesAndKnownFlags) {
  for (const Command& command : AllCommands()) {
    const CommandDetails details = command.details();
    EXPECT_EQ(details.examples.size(), 3u) << command.name;
    for (const std::string_view name : details.options) EXPECT_EQ(FindOption(name).name, name);
    for (const Example& example : details.examples) {
      EXPECT_THAT(std::string(example.line), HasSubstr("merle "));
    }
  }
}

TEST(OptionTable, HasEachNameAndLetterOnce) {
  for (const Option& a : AllOptions()) {
    EXPECT_FALSE(a.help.empty());
    EXPECT_FALSE(a.help.ends_with('.'));
    for (const Option& b : AllOptions()) {
      if (&a == &b) continue;
      EXPECT_NE(a.name, b.name);
      if (a.short_name != 0) {
        EXPECT_NE(a.short_name, b.short_name);
      }
    }
  }
}

}  // namespace
}  // namespace merle
