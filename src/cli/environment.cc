#include "cli/environment.h"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>
#include <system_error>

#include "base/error.h"
#include "base/format.h"
#include "cli/command.h"
#include "embedding/remote_options.h"
#include "hub/hub_options.h"
#include "kernels/cpu.h"

namespace merle {
namespace {

constexpr double kMostSeconds = 86400;  // Of a time that a variable sets.

}  // namespace

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

RemoteOptions RemoteFromEnvironment(const std::string& name) {
  RemoteOptions options{.model = name};
  options.base_url = EnvironmentVariable("OPENAI_BASE_URL").value_or(options.base_url);
  options.key = EnvironmentVariable("OPENAI_API_KEY").value_or("");
  for (const char* variable : {"SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"}) {
    options.ca_file = EnvironmentVariable(variable).value_or(options.ca_file);
  }
  if (const auto text = EnvironmentVariable("MERLE_REMOTE_TIMEOUT")) {
    double& seconds = options.request_seconds;
    const char* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, seconds);
    if (error != std::errc{} || stop != end || !(seconds > 0 && seconds <= kMostSeconds)) {
      throw UsageError(Format("MERLE_REMOTE_TIMEOUT can't be '{}': seconds are wanted, up to {}",
                              *text, kMostSeconds));
    }
  }
  return options;
}

std::string CacheFolderFromEnvironment() {
  if (const auto folder = EnvironmentVariable("MERLE_CACHE"))
    return *folder == "off" ? "" : *folder;
  const auto caches = EnvironmentVariable("XDG_CACHE_HOME");
  // A relative one is to be ignored: XDG Base Directory Specification 0.8, "Basics".
  if (caches && caches->starts_with('/')) return *caches + "/merle";
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
