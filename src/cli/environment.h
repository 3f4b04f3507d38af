// The only place of the command that reads environment variables.
#pragma once

#include <optional>
#include <string>

#include "embedding/remote_options.h"
#include "hub/hub_options.h"

namespace merle {

// The value of a variable; unset and empty are the same. A flag that is not on the command line
// takes its value from here: MERLE_MODEL and others, see options.cc.
std::optional<std::string> EnvironmentVariable(const char* name);

// The model cache and the hub behind it, as HF_HUB_CACHE, HF_TOKEN and their kin say. Throws
// UsageError for a variable that can't be.
HubOptions HubFromEnvironment();

// The model cache alone, whatever the variables of the network say.
std::string HubCacheFromEnvironment();

// The model `name` behind the server that OPENAI_BASE_URL names, with the key in OPENAI_API_KEY.
// Throws UsageError for a MERLE_REMOTE_TIMEOUT that can't be.
RemoteOptions RemoteFromEnvironment(const std::string& name);

// Whether HF_HUB_DISABLE_PROGRESS_BARS forbids bars while a model is fetched.
bool EnvironmentForbidsFetchBars();

// The folder for what can be computed again: MERLE_CACHE, or "merle" in the user's cache folder
// (XDG_CACHE_HOME, if it is absolute, or ~/.cache). Empty, which means none, if MERLE_CACHE is
// "off" or there is no home.
std::string CacheFolderFromEnvironment();

// Where large files that go with the process may lie: TMPDIR, or /var/tmp, which unlike /tmp is
// seldom in memory.
std::string TemporaryFolder();

// Uses the instruction set that MERLE_CPU names instead of the best one of this machine.
// Throws UsageError if there is no such path or the CPU lacks it.
void SelectCpuPathFromEnvironment();

// True where the environment asks for plain text: NO_COLOR is set, or TERM is "dumb" or missing.
bool EnvironmentForbidsColor();

}  // namespace merle
