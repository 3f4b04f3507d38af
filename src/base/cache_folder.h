// The folder of what can be made again: the names of the files in it, and when they go. It may hold
// other files too, which stay.
#pragma once

#include <string>
#include <string_view>

namespace merle {

// The endings of what lies in it.
inline constexpr const char* kEntryEnding = ".packed";
inline constexpr const char* kHashEnding = ".sha256";

// The path of the file for a key: a short name, so the file repeats the key, which is compared.
std::string PathInCache(const std::string& folder, std::string_view key, const char* ending);

// Shows that a file is in use, once a day.
void MarkUsed(const std::string& path) noexcept;

// Removes the files that nobody has used for 30 days, and after a day those that a killed process
// has left half written.
void RemoveUnused(const std::string& folder);

}  // namespace merle
