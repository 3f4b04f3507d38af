// What every fuzz target shares: what counts as a finding, and a folder for the files of one input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace merle::fuzz {

// Ends the process with a finding, `problem`, unless `holds`.
void Require(bool holds, std::string_view problem);

// Runs `task`. Returns true if it returned, false if it threw an Error as they should be: not
// empty, of one line of UTF-8, of at most 4 KB. Any other exception is a finding.
bool Runs(const std::function<void()>& task);

// The bytes of one input as text.
inline std::string_view TextOf(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The parts of an input of several files, which zero bytes divide: no JSON file has one. At most
// `count`; the last one keeps the zero bytes that are left.
std::vector<std::string_view> SplitAtZeros(std::string_view input, std::size_t count);

// A folder of its own below the one for temporary files, which goes when the process ends well.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string path() const { return path_.string(); }
  // Writes a file of this name, and the folders above it. Returns its path.
  std::string Write(std::string_view name, std::string_view content) const;
  void Remove(std::string_view name) const;  // Also where it isn't there.

 private:
  std::filesystem::path path_;
};

}  // namespace merle::fuzz
