#include "cli/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/log.h"
#include "cli/options.h"
#include "cli/standard_output.h"
#include "cli/terminal.h"

namespace merle {
namespace {

struct LogCase {
  const char* name;
  bool quiet;
  bool verbose;
  const char* says;
};

class LoggedMessages : public testing::TestWithParam<LogCase> {};

TEST_P(LoggedMessages, GoToStandardErrorByTheirLevel) {
  StandardOutput out;
  Options options;
  options.quiet = GetParam().quiet;
  options.verbose = GetParam().verbose;
  const Invocation invocation{.options = options,
                              .arguments = {},
                              .out = out,
                              .screen = Terminal(STDOUT_FILENO, ColorMode::kNever),
                              .messages = Terminal(STDERR_FILENO, ColorMode::kNever)};
  testing::internal::CaptureStderr();
  {
    const LogToMessages log(invocation);
    Log(LogLevel::kDebug, "opened");
    Log(LogLevel::kInfo, "fetched");
    Log(LogLevel::kWarning, "odd\nname");
  }
  Log(LogLevel::kWarning, "too late");
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said, GetParam().says);
}

INSTANTIATE_TEST_SUITE_P(Flags, LoggedMessages,
                         testing::ValuesIn(std::vector<LogCase>{
                             {"NoneLetsWarningsThrough", false, false, "merle: odd\\nname\n"},
                             {"QuietLetsNothingThrough", true, false, ""},
                             {"QuietIsStrongerThanVerbose", true, true, ""},
                             {"VerboseLetsAllThrough", false, true,
                              "merle: opened\nmerle: fetched\nmerle: odd\\nname\n"},
                         }),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace merle
