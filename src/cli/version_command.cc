// merle version: which Merle this is, who compiled it, and what it makes of this CPU.

#include <string>
#include <string_view>

#include "base/cores.h"
#include "base/format.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "kernels/cpu.h"

namespace merle {
namespace {

std::string Compiler() {
#if defined(__clang__)
  return "Clang " + Format("{}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return Format("GCC {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

std::string JsonLine() {
  JsonWriter json;
  json.BeginObject().Key("version").Value(MERLE_VERSION).Key("commit").Value(MERLE_COMMIT);
  json.Key("compiler").Value(Compiler()).Key("cpu_path").Value(ActiveCpuPath());
  json.Key("cpu_paths").BeginArray();
  for (const std::string_view path : SupportedCpuPaths()) json.Value(path);
  json.EndArray().Key("physical_cores").Value(PhysicalCores()).EndObject();
  return json.text() + "\n";
}

std::string ForPeople(const Terminal& screen) {
  std::string others;
  for (const std::string_view path : SupportedCpuPaths()) {
    if (path != ActiveCpuPath()) AppendFormat(others, "{}{}", others.empty() ? "" : ", ", path);
  }
  std::string path(ActiveCpuPath());
  if (!others.empty()) path += Format(" (possible here too: {})", others);
  return screen.Bold(Format("merle {}", MERLE_VERSION)) +
         Format("\ncommit    {}\ncompiler  {}\nCPU path  {}\ncores     {}\n", MERLE_COMMIT,
                Compiler(), path, PhysicalCores());
}

int Run(const Invocation& invocation) {
  if (invocation.options.json) {
    invocation.out.Write(JsonLine());
  } else if (invocation.options.quiet) {
    invocation.out.Write(MERLE_VERSION "\n");
  } else {
    invocation.out.Write(ForPeople(invocation.screen));
  }
  return kExitOk;
}

}  // namespace

CommandDetails VersionDetails() {
  return {
      .arguments = "",
      .options = {"json"},
      .description =
          "Shows the version, the commit and the compiler it was built from and with, the CPU "
          "instructions in use, and those that this CPU has. MERLE_CPU=avx2 chooses others.\n"
          "--json writes the same as one object; -q only the version.",
      .examples = {{"merle version", "the facts, for people"},
                   {"merle --version --json", "for programs"},
                   {"MERLE_CPU=plain merle version", "as on a CPU without vector instructions"}},
      .run = Run,
  };
}

}  // namespace merle
