#include "cli/manual.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/format.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/options.h"

namespace merle {
namespace {

struct Row {
  std::string_view name;
  std::string_view says;
};

constexpr std::array kVariables = {
    Row{"MERLE_CPU", "Use this instruction set: avx512, avx2, neon or plain"},
    Row{"MERLE_API_KEY", "A key that merle serve asks for, besides those of --api-key-file"},
    Row{"MERLE_CACHE, XDG_CACHE_HOME",
        "A folder for what can be computed again, such as converted weights, or \"off\"; else "
        "~/.cache/merle"},
    Row{"HF_HUB_CACHE, HF_HOME", "Where the cache of models is, as for other tools"},
    Row{"HF_TOKEN, HF_TOKEN_PATH", "Opens private and gated models on the hub"},
    Row{"HF_ENDPOINT", "Another hub, such as a mirror"},
    Row{"HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE", "1: fetch nothing"},
    Row{"HF_HUB_DISABLE_IMPLICIT_TOKEN", "1: send no token"},
    Row{"HF_HUB_DISABLE_SYMLINKS", "1: plain files in place of links in the cache"},
    Row{"HF_HUB_DISABLE_PROGRESS_BARS", "1: no bars while something is fetched"},
    Row{"HF_HUB_ETAG_TIMEOUT, HF_HUB_DOWNLOAD_TIMEOUT",
        "Longest waits, in seconds, for a connection and for the next bytes"},
    Row{"SSL_CERT_FILE, https_proxy, no_proxy", "Certificates to trust, and proxies"},
    Row{"NO_COLOR", "Where it is set, the output has no colour"},
};

constexpr std::array kExitCodes = {
    Row{"0", "All was done"},
    Row{"1", "Something failed: a file, the disk, memory"},
    Row{"2", "The command line is wrong"},
    Row{"3", "The model is not there, damaged, or of an unknown kind"},
    Row{"4", "Done, but --skip-bad left out some input"},
    Row{"128 + N", "Signal N ended it: 130 is Ctrl-C"},
};

// ASCII characters that man would show as others, such as - as a hyphen, which no shell takes.
std::string_view EscapeOf(char32_t c) {
  switch (c) {
    case '\\':
      return "\\e";
    case '-':
      return "\\-";
    case '\'':
      return "\\(aq";
    case '`':
      return "\\(ga";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    default:
      return "";
  }
}

std::string Bold(std::string_view text) { return "\\fB" + EscapeRoff(text) + "\\fR"; }

std::string Heading(std::string_view text) { return Format(".SH {}\n", text); }

std::string Paragraph(std::string_view text) { return Format(".PP\n{}\n", EscapeRoff(text)); }

// One entry of a list: a name, and beside or below it what it means.
std::string Item(std::string_view name, std::string_view says) {
  return Format(".TP\n{}\n{}\n", name, EscapeRoff(says));
}

std::string FlagsOf(const Command& command) {
  std::vector<std::string> flags;
  for (const Option* option : OptionsOf(command)) flags.push_back(Bold(FlagOf(*option)));
  return Format(".PP\nFlags: {}\n", Join(flags, ", "));
}

std::string CommandSection(const Command& command) {
  const CommandDetails details = command.details();
  std::string text =
      Format(".SS {}\n{}.\n", EscapeRoff(Format("merle {} {}", command.name, details.arguments)),
             EscapeRoff(command.summary));
  std::string_view rest = details.description;
  while (!rest.empty()) {  // A paragraph a line.
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    text += Paragraph(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  text += FlagsOf(command) + ".PP\nExamples:\n";
  for (const Example& example : details.examples) text += Item(Bold(example.line), example.says);
  return text;
}

// "-m, --model NAME" with the names in bold.
std::string FlagName(const Option& option) {
  std::vector<std::string> names;
  if (option.short_name != 0) names.push_back(Bold(Format("-{}", option.short_name)));
  if (!option.name.empty()) names.push_back(Bold(Format("--{}", option.name)));
  std::string text = Join(names, ", ");
  if (!option.value.empty()) text += Format(" \\fI{}\\fR", EscapeRoff(option.value));
  return text;
}

}  // namespace

std::string EscapeRoff(std::string_view text) {
  std::string escaped;
  if (text.starts_with('.')) escaped = "\\&";  // Else the line would be a request.
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = DecodeUtf8(text, i);
    i += c.bytes;
    if (const std::string_view name = EscapeOf(c.value); !name.empty()) {
      escaped += name;
    } else if (c.value < 0x80) {
      escaped += static_cast<char>(c.value);
      // A line may end here: in JSON there is no blank for it.
      if (c.value == ',' && !text.substr(i).starts_with(' ')) escaped += "\\:";
    } else {
      AppendFormat(escaped, "\\[u{:04X}]", static_cast<unsigned>(c.value));
    }
  }
  return escaped;
}

std::string ManualText() {
  // Neither hyphens nor stretched blanks: they would tear flags and JSON apart.
  std::string text =
      ".\\\" Written by merle help --man.\n"
      ".TH MERLE 1 \"\" \"merle " MERLE_VERSION
      "\" \"Merle\"\n"
      ".nh\n"
      ".ad l\n";
  text += Heading("NAME") + "merle \\- turns text into vectors, and finds by meaning\n";
  text += Heading("SYNOPSIS") + ".B merle\n\\fICOMMAND\\fR [\\fIARGUMENTS\\fR] [\\fIflags\\fR]\n";
  text += Heading("DESCRIPTION") +
          EscapeRoff(
              "Merle computes embeddings of texts on this machine, as sentence-transformers "
              "defines them, and works with them. Data goes to standard output, messages to "
              "standard error. The same flag means the same in every command.") +
          "\n";
  text += Heading("COMMANDS");
  for (const Command& command : AllCommands()) text += CommandSection(command);
  text += Heading("FLAGS") + EscapeRoff("[default] (environment variable)") + "\n";
  for (const Option& option : AllOptions()) text += Item(FlagName(option), MeaningOf(option));
  text += Heading("ENVIRONMENT");
  for (const Option& option : AllOptions()) {
    if (*option.variable != '\0')
      text += Item(Bold(option.variable), Format("As {}", FlagOf(option)));
  }
  for (const Row& row : kVariables) text += Item(Bold(row.name), row.says);
  text += Heading("EXIT STATUS");
  for (const Row& row : kExitCodes) text += Item(Bold(row.name), row.says);
  return text;
}

}  // namespace merle
