#include "cli/environment.h"

#include <cstdlib>
#include <optional>
#include <string>

#include "hub/hub.h"
#include "kernels/cpu.h"

namespace merle {

std::optional<std::string> EnvironmentVariable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing calls setenv.
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

HubOptions HubFromEnvironment() { return {.cache = CacheFolder(EnvironmentVariable)}; }

void SelectCpuPathFromEnvironment() {
  if (const auto path = EnvironmentVariable("MERLE_CPU")) SelectCpuPath(*path);
}

bool EnvironmentForbidsColor() {
  const auto terminal = EnvironmentVariable("TERM");
  return EnvironmentVariable("NO_COLOR") || !terminal || *terminal == "dumb";
}

}  // namespace merle
