#include "harness.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"

namespace merle::fuzz {
namespace {

constexpr std::size_t kLongestMessage = 4096;  // Bytes.

void CheckMessage(std::string_view message) {
  Require(!message.empty(), "an error without a message");
  Require(message.size() <= kLongestMessage, "an error's message has more than 4 KB");
  Require(!FindInvalidUtf8(message), "an error's message is not UTF-8");
  for (std::size_t i = 0; i < message.size();) {
    const CodePoint c = DecodeUtf8(message, i);
    Require(c.value >= 0x20 && (c.value < 0x7F || c.value >= 0xA0),
            "an error's message has a control character");
    i += c.bytes;
  }
}

}  // namespace

void Require(bool holds, std::string_view problem) {
  if (holds) return;
  std::fprintf(stderr, "merle: finding: %.*s\n", static_cast<int>(problem.size()), problem.data());
  std::abort();
}

bool Runs(const std::function<void()>& task) {
  try {
    task();
    return true;
  } catch (const Error& error) {
    CheckMessage(error.what());
  } catch (const std::exception& error) {
    Require(false, std::string("an exception that is no merle::Error: ") + error.what());
  }
  return false;
}

std::vector<std::string_view> SplitAtZeros(std::string_view input, std::size_t count) {
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < count) {
    const std::size_t end = input.find('\0');
    if (end == input.npos) break;
    parts.push_back(input.substr(0, end));
    input.remove_prefix(end + 1);
  }
  parts.push_back(input);
  return parts;
}

ScratchFolder::ScratchFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "merle-fuzz.XXXXXX").string();
  Require(::mkdtemp(name.data()) != nullptr, "can't make a folder for temporary files");
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

// Plain calls: a stream would cost more than what is fuzzed.
std::string ScratchFolder::Write(std::string_view name, std::string_view content) const {
  const std::filesystem::path path = path_ / name;
  const auto open = [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600); };
  int file = open();
  if (file < 0) {
    std::filesystem::create_directories(path.parent_path());
    file = open();
  }
  Require(file >= 0 && WriteAll(file, content), "can't write a file");
  ::close(file);
  return path.string();
}

void ScratchFolder::Remove(std::string_view name) const { ::unlink((path_ / name).c_str()); }

}  // namespace merle::fuzz
