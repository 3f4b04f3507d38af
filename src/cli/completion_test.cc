#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/format.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/options.h"

namespace merle {
namespace {

using testing::IsSubsetOf;

std::vector<std::string> Models() { return {"org/one", "org/two", "other/one"}; }

// The candidates for the last word of `line`, whose words are between blanks; "" is the empty word.
// "(files)" where names of files are wanted.
std::set<std::string> Candidates(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream stream(line);
  for (std::string word; stream >> word;) words.push_back(word == "\"\"" ? "" : word);
  const Completion completion = Complete(words, Models);
  std::set<std::string> found;
  for (const Candidate& candidate : completion.candidates) found.insert(candidate.word);
  EXPECT_EQ(found.size(), completion.candidates.size()) << "one twice for " << line;
  if (completion.files) found.insert("(files)");
  return found;
}

struct Case {
  const char* name;
  const char* line;
  std::set<std::string> candidates;  // Exactly these.
};

class CandidatesOf : public testing::TestWithParam<Case> {};

TEST_P(CandidatesOf, AreThese) { EXPECT_EQ(Candidates(GetParam().line), GetParam().candidates); }

INSTANTIATE_TEST_SUITE_P(
    Lines, CandidatesOf,
    testing::ValuesIn(std::vector<Case>{
        {"ACommandByItsBeginning", "simi", {"similarity"}},
        {"ACommandOfTwoWordsIsOnceThere", "ev", {"eval"}},
        {"ItsSecondWord", "eval \"\"", {"sts"}},
        {"FlagsWithoutACommand", "--v", {"--version"}},
        {"NothingAfterAnUnknownCommand", "embedd \"\"", {}},
        {"AFlag", "embed --norm", {"--normalize"}},
        {"AFlagOfTheGroupsFirstCommand", "models --js", {"--json"}},
        {"NotAFlagOfAnotherCommand", "version --norm", {}},
        {"Choices", "embed --on-long \"\"", {"cut", "error"}},
        {"ChoicesByTheirBeginning", "embed x --on-long c", {"cut"}},
        {"ChoicesBehindAnEqualSign", "embed --on-long=c", {"--on-long=cut"}},
        {"ChoicesBehindBashsEqualSign", "embed --on-long = c", {"cut"}},
        {"ChoicesRightBehindBashsEqualSign", "embed --on-long =", {"cut", "error"}},
        {"Models", "embed -m org", {"org/one", "org/two"}},
        {"ModelsByTheLongFlag", "search q --model oth", {"other/one"}},
        {"ModelsBehindSwitches", "embed -qm oth", {"other/one"}},
        {"NoModelBehindItsOwnValue", "search q -k5 oth", {}},
        {"NoModelBehindAValueLikeTheFlag", "embed -mm oth", {}},
        {"AFolderIsAModelToo", "embed -m ./", {"(files)"}},
        {"AModelAsArgument", "models show oth", {"other/one"}},
        {"AModelAsArgumentBehindAFlag", "models show --json oth", {"other/one"}},
        {"Files", "embed -i \"\"", {"(files)"}},
        {"SeveralFiles", "embed -i a.txt b.txt \"\"", {"(files)"}},
        {"AFlagAfterFiles", "embed -i a.txt --norm", {"--normalize"}},
        {"AFileToWrite", "embed x -o v", {"(files)"}},
        {"FilesAsArguments", "eval sts a.csv b", {"(files)"}},
        {"ANumberIsNotToBeGuessed", "search q -k \"\"", {}},
        {"ATextIsNotToBeGuessed", "embed some", {}},
        {"NoFlagsBehindTheDashes", "embed -- --norm", {}},
        {"HelpWantsACommand", "help ver", {"version"}},
        {"HelpWantsItsSecondWord", "help models s", {"show"}},
        {"AShell", "completion z", {"zsh"}},
    }),
    [](const auto& test) { return test.param.name; });

TEST(Complete, KnowsEveryCommandAndEveryFlag) {
  for (const Command& command : AllCommands()) {
    const std::string name(command.name);
    const std::size_t blank = name.find(' ');
    EXPECT_THAT((std::set{name.substr(0, blank)}), IsSubsetOf(Candidates("\"\""))) << name;
    std::set<std::string> flags;
    for (const Option* option : OptionsOf(command)) {
      if (!option->name.empty()) flags.insert(Format("--{}", option->name));
      if (option->short_name != 0) flags.insert(Format("-{}", option->short_name));
    }
    EXPECT_EQ(Candidates(name + " -"), flags) << name;
  }
}

TEST(Complete, OffersFlagsWhereNoArgumentCanBeGuessed) {
  EXPECT_TRUE(Candidates("embed \"\"").contains("--model"));
  EXPECT_TRUE(Candidates("version \"\"").contains("--json"));
}

TEST(Complete, SaysWhatEachDoes) {
  const std::vector<std::string> words = {"embed", "--normal"};
  const Completion completion = Complete(words, Models);
  ASSERT_EQ(completion.candidates.size(), 1u);
  EXPECT_EQ(completion.candidates[0].says, FindOption("normalize").help);
}

TEST(Complete, AsksForModelsOnlyWhereOneMayStand) {
  const auto fail = []() -> std::vector<std::string> {
    ADD_FAILURE() << "models were listed";
    return {};
  };
  Complete(std::vector<std::string>{"embed", "--on-long", ""}, fail);
  Complete(std::vector<std::string>{""}, fail);
}

}  // namespace
}  // namespace merle
