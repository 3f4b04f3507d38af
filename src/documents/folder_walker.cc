#include "documents/folder_walker.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "documents/input_file.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSniffBytes = 8192;

enum class Content { kText, kBinary, kNotUtf8 };

// Reads all of it, so that no passage of a file is given before its end is known to be text.
Content Examine(InputFile input) {
  std::array<char, 1 << 16> chunk;
  std::string bytes;  // What a chunk's end left of a character, and the next chunk.
  bool first = true;
  while (const std::size_t got = input.Read(chunk)) {
    const std::string_view read(chunk.data(), got);
    if (std::exchange(first, false)) {
      if (read.starts_with("\xFF\xFE") || read.starts_with("\xFE\xFF")) return Content::kNotUtf8;
      if (read.substr(0, kSniffBytes).find('\0') != read.npos) return Content::kBinary;
    }
    bytes.append(read);
    const std::size_t good = FindInvalidUtf8(bytes).value_or(bytes.size());
    if (bytes.size() - good >= 4)
      return Content::kNotUtf8;  // A character cut off has at most 3 bytes.
    bytes.erase(0, good);
  }
  return bytes.empty() ? Content::kText : Content::kNotUtf8;
}

std::vector<std::string> NamesIn(const std::string& folder, std::error_code& error) {
  std::vector<std::string> names;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  return names;
}

}  // namespace

FolderWalker::FolderWalker(const std::string& folder) {
  const std::error_code error = Enter(folder);
  if (error) FailOnFile(folder, "read the folder", error.value());
}

std::error_code FolderWalker::Enter(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> names = NamesIn(folder, error);
  if (error) return error;
  std::sort(names.begin(), names.end(), std::greater<>());
  for (const std::string& name : names) {
    if (name.starts_with('.')) {
      ++skipped_.hidden;
    } else {
      pending_.push_back((fs::path(folder) / name).string());
    }
  }
  return {};
}

std::optional<std::string> FolderWalker::Next() {
  while (!pending_.empty()) {
    std::string path = std::move(pending_.back());
    pending_.pop_back();
    if (Visit(path)) return path;
  }
  return std::nullopt;
}

bool FolderWalker::Visit(const std::string& path) {
  std::error_code error;
  const fs::file_type type = fs::symlink_status(path, error).type();
  if (type == fs::file_type::symlink) {
    ++skipped_.links;
  } else if (type == fs::file_type::directory) {
    if (Enter(path)) ++skipped_.unreadable;
  } else if (type == fs::file_type::none || type == fs::file_type::not_found) {
    ++skipped_.unreadable;
  } else if (type != fs::file_type::regular) {
    ++skipped_.special;
  } else {
    return IsReadableText(path);
  }
  return false;
}

bool FolderWalker::IsReadableText(const std::string& path) {
  try {
    const Content content = Examine(InputFile::Open(path));
    if (content == Content::kText) return true;
    if (content == Content::kBinary) {
      ++skipped_.binary;
    } else if (++skipped_.not_utf8 == 1) {
      skipped_.first_not_utf8 = path;
    }
  } catch (const Error&) {
    ++skipped_.unreadable;
  }
  return false;
}

}  // namespace merle
