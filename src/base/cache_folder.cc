#include "base/cache_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/fingerprint.h"
#include "base/format.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNameDigits = 16;
constexpr std::time_t kDay = 86400;  // Seconds.
constexpr std::time_t kKeptUnused = 30 * kDay;

// Takes ".123" from the front.
bool TakeNumber(std::string_view& name) {
  if (!name.starts_with('.')) return false;
  const std::size_t end = std::min(name.find_first_not_of("0123456789", 1), name.size());
  name.remove_prefix(end);
  return end > 1;
}

// How long a file of this name stays without use, in seconds; nothing where it is not ours.
std::optional<std::time_t> KeptFor(std::string_view name) {
  if (std::min(name.find_first_not_of("0123456789abcdef"), name.size()) != kNameDigits) {
    return std::nullopt;
  }
  name.remove_prefix(kNameDigits);
  const auto ending = name.substr(0, name.find('.', 1));
  if (ending != kEntryEnding && ending != kHashEnding) return std::nullopt;
  name.remove_prefix(ending.size());
  if (name.empty()) return kKeptUnused;
  const bool temporary = TakeNumber(name) && TakeNumber(name) && name == ".tmp";  // AtomicFile's.
  return temporary ? std::optional(kDay) : std::nullopt;
}

}  // namespace

std::string PathInCache(const std::string& folder, std::string_view key, const char* ending) {
  Fingerprint fingerprint;
  fingerprint.Add(key);
  return Format("{}/{:016x}{}", folder, fingerprint.value(), ending);
}

void MarkUsed(const std::string& path) noexcept {
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0 && std::time(nullptr) - status.st_mtime > kDay) {
    ::utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
  }
}

void RemoveUnused(const std::string& folder) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const auto kept = KeptFor(entry->path().filename().native());
    struct stat status{};
    if (kept && ::lstat(entry->path().c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        std::time(nullptr) - status.st_mtime > *kept) {
      ::unlink(entry->path().c_str());
    }
  }
}

}  // namespace merle
