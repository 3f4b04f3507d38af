// The command `merle`: finds the command, runs it, and turns what went wrong into a message and an
// exit code. The only place that does the latter.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/format.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/environment.h"
#include "cli/find_command.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/standard_output.h"
#include "cli/terminal.h"

namespace merle {
namespace {

// A file opened while standard output or error is closed would take its place, and get its text.
void OpenStandardStreams() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) < 0) ::open("/dev/null", O_RDONLY);
  }
}

ColorMode ColorModeOf(const Options& options) {
  if (options.color == "always") return ColorMode::kAlways;
  return options.color == "never" ? ColorMode::kNever : ColorMode::kAuto;
}

int RunCommand(const Command& command, std::span<const std::string> words, StandardOutput& out) {
  CommandLine line = ParseCommandLine(command, words);
  const ColorMode color = ColorModeOf(line.options);
  const Terminal screen(STDOUT_FILENO, color);
  if (line.options.full_help || line.options.short_help) {
    out.Write(line.options.full_help ? FullHelpText(command, screen)
                                     : ShortHelpText(command, screen));
    return kExitOk;
  }
  const Invocation invocation{.options = std::move(line.options),
                              .arguments = std::move(line.arguments),
                              .out = out,
                              .screen = screen,
                              .messages = Terminal(STDERR_FILENO, color)};
  const LogToMessages log(invocation);
  return command.details().run(invocation);
}

int Fail(ExitCode code, std::string_view message) {
  const Terminal screen(STDERR_FILENO, ColorMode::kAuto);
  std::fputs(Format("{} {}\n", screen.Failure("merle:"), message).c_str(), stderr);
  return code;
}

// Runs `command` and maps its errors.
int RunMapped(const Command& command, std::span<const std::string> words, StandardOutput& out) {
  try {
    const int code = RunCommand(command, words, out);
    out.Flush();
    return code;
  } catch (const NoInputError&) {
    std::fputs(ShortHelpText(command, Terminal(STDERR_FILENO, ColorMode::kAuto)).c_str(), stderr);
    return kExitUsage;
  } catch (const UsageError& error) {
    return Fail(kExitUsage, Format("{} (merle {} -h shows how)", error.what(), command.name));
  } catch (const ModelError& error) {
    return Fail(kExitModel, error.what());
  }
}

// `words`: the command line without the program's name.
int Main(std::vector<std::string> words) {
  StandardOutput out;
  try {
    SelectCpuPathFromEnvironment();
    if (words.empty() || words[0] == "-h" || words[0] == "--help") {
      const Terminal screen(STDOUT_FILENO, ColorMode::kAuto);
      out.Write(words.empty() ? WelcomeText(screen) : OverviewText(screen));
      out.Flush();
      return kExitOk;
    }
    if (words[0] == "--version") words[0] = "version";
    const CommandMatch match = FindCommand(words);
    return RunMapped(*match.command, std::span(words).subspan(match.words), out);
  } catch (const UsageError& error) {
    return Fail(kExitUsage, error.what());
  } catch (const Interrupted& interrupted) {
    return kExitSignal + interrupted.signal();
  } catch (const BrokenPipe&) {
    return kExitOk;  // Whoever reads has enough.
  } catch (const std::bad_alloc&) {
    return Fail(kExitFailure, "there is not enough memory");
  } catch (const std::exception& error) {
    return Fail(kExitFailure, error.what());
  }
}

}  // namespace
}  // namespace merle

int main(int argc, char** argv) {
  merle::OpenStandardStreams();
  merle::InstallSignalHandlers();
  return merle::Main({argv + std::min(argc, 1), argv + argc});
}
