#include "cli/manual.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/format.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/options.h"

namespace merle {
namespace {

using testing::HasSubstr;

struct EscapeCase {
  const char* name;
  const char* text;
  const char* roff;
};

class RoffOf : public testing::TestWithParam<EscapeCase> {};

TEST_P(RoffOf, ShowsTheTextAsItIs) { EXPECT_EQ(EscapeRoff(GetParam().text), GetParam().roff); }

INSTANTIATE_TEST_SUITE_P(Texts, RoffOf,
                         testing::ValuesIn(std::vector<EscapeCase>{
                             {"Empty", "", ""},
                             {"WordsStay", "a \"word\"", "a \"word\""},
                             {"DashesAreNoHyphens", "--json", "\\-\\-json"},
                             {"BackslashesAreShown", "a\\fBb", "a\\efBb"},
                             {"ADotIsNoRequest", ".npy and .txt", "\\&.npy and .txt"},
                             {"AQuoteIsNoRequest", "'a'", "\\(aqa\\(aq"},
                             {"JsonMayBreakAtCommas", "{a,b} c, d", "{a,\\:b} c, d"},
                             {"OtherScriptsAreNamed", "FILE…", "FILE\\[u2026]"},
                         }),
                         [](const auto& test) { return test.param.name; });

TEST(ManualText, HasEveryCommandFlagAndVariable) {
  const std::string text = ManualText();
  for (const Command& command : AllCommands()) {
    EXPECT_THAT(text, HasSubstr(Format(".SS merle {} ", EscapeRoff(command.name))));
    EXPECT_THAT(text, HasSubstr(EscapeRoff(command.details().examples.back().line)));
  }
  for (const Option& option : AllOptions()) {
    EXPECT_THAT(text, HasSubstr(Format("\n{}", EscapeRoff(option.help))));
    EXPECT_THAT(text, HasSubstr(Format("\\fB{}\\fR", EscapeRoff(FlagOf(option)))));
    EXPECT_THAT(text, HasSubstr(option.variable));
  }
}

TEST(ManualText, IsAscii) {
  EXPECT_TRUE(
      std::ranges::all_of(ManualText(), [](char c) { return c == '\n' || (c >= ' ' && c < 127); }));
}

}  // namespace
}  // namespace merle
