#include "cli/environment.h"

#include <cstdlib>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/format.h"
#include "cli/command.h"
#include "hub/hub_options.h"
#include "kernels/cpu.h"

namespace merle {

std::optional<std::string> EnvironmentVariable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing calls setenv.
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

HubOptions HubFromEnvironment() {
  try {
    return HubOptionsFrom(EnvironmentVariable);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

std::string HubCacheFromEnvironment() { return HubCacheFrom(EnvironmentVariable); }

bool EnvironmentForbidsFetchBars() { return HubForbidsBars(EnvironmentVariable); }

std::string CacheFolderFromEnvironment() {
  if (const auto folder = EnvironmentVariable("MERLE_CACHE"))
    return *folder == "off" ? "" : *folder;
  if (const auto caches = EnvironmentVariable("XDG_CACHE_HOME")) return *caches + "/merle";
  if (const auto home = EnvironmentVariable("HOME")) return *home + "/.cache/merle";
  return "";
}

std::string TemporaryFolder() { return EnvironmentVariable("TMPDIR").value_or("/var/tmp"); }

void SelectCpuPathFromEnvironment() {
  const auto path = EnvironmentVariable("MERLE_CPU");
  if (!path) return;
  try {
    SelectCpuPath(*path);
  } catch (const Error& error) {
    throw UsageError(Format("MERLE_CPU: {}", error.what()));
  }
}

bool EnvironmentForbidsColor() {
  const auto terminal = EnvironmentVariable("TERM");
  return EnvironmentVariable("NO_COLOR") || !terminal || *terminal == "dumb";
}

}  // namespace merle
