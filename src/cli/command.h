// What a command is to the rest of the program, and what it is handed when it runs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/options.h"
#include "cli/standard_output.h"
#include "cli/terminal.h"

namespace merle {

// What the process returns. main.cc alone turns errors into one of these.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailure = 1,
  kExitUsage = 2,     // The command line is wrong.
  kExitModel = 3,     // The model is not in the cache, damaged or of an unknown kind.
  kExitBadRows = 4,   // Done, but --skip-bad left out some input.
  kExitSignal = 128,  // Plus the signal's number: 130 for Ctrl-C.
};

// The command line asks for something that can't be.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(ErrorCode::kInvalidArgument, message) {}
};

// The model can't be found, read or understood.
class ModelError : public Error {
 public:
  using Error::Error;
};

// The command would read standard input, but a person sits there: show the help, do not wait.
class NoInputError : public Error {
 public:
  NoInputError() : Error(ErrorCode::kInvalidArgument, "no input") {}
};

struct Example {
  std::string_view line;  // "merle embed 'hello'"
  std::string_view says;  // What it does.
};

// One run of a command: what the user wrote, and where the answers go.
struct Invocation {
  Options options;
  std::vector<std::string> arguments;  // Without the flags.
  StandardOutput& out;
  Terminal screen;    // Looks of standard output.
  Terminal messages;  // Looks of standard error.

  // Writes "merle: " + message + "\n" to standard error, unless -q; SayIfVerbose only
  // under -v.
  void Say(std::string_view message) const;
  void SayIfVerbose(std::string_view message) const;
};

// While it lives, what the library logs goes where Invocation::Say writes: warnings unless -q, the
// rest under -v. `invocation` must outlive it.
class LogToMessages {
 public:
  explicit LogToMessages(const Invocation& invocation);
  ~LogToMessages();
  LogToMessages(const LogToMessages&) = delete;
  LogToMessages& operator=(const LogToMessages&) = delete;
};

// The details of a command, each given by the command's own file.
struct CommandDetails {
  std::string_view arguments;       // "[TEXT…]", as the usage line shows them.
  std::size_t least_arguments = 0;  // How many must, and how many may be there.
  std::size_t most_arguments = 0;
  std::vector<std::string_view> options;     // Names of its flags, besides those of all commands.
  std::string_view description;              // For --help: what to know, in short paragraphs.
  std::vector<Example> examples;             // For -h and --help; three of them.
  int (*run)(const Invocation& invocation);  // Returns an ExitCode.
};

struct Command {
  std::string_view name;     // One word, or two: "eval sts".
  std::string_view summary;  // One line.
  std::string_view group;    // Heading in the list of commands.
  CommandDetails (*details)();
};

}  // namespace merle
