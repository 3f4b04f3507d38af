// For tests on tests/golden: which folders are there, and how texts are written in their files. The
// head of tools/make_golden.py describes those.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/json_reader.h"

namespace merle {

// Names of the folders in `golden` that have this file, in their order. Without any, GoogleTest
// itself fails: a parameterized test then has no instance.
inline std::vector<std::string> GoldenNames(const std::filesystem::path& golden,
                                            std::string_view file) {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(golden, missing)) {
    if (std::filesystem::exists(entry.path() / file)) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The folder's name as the name of a test, which takes no '-'.
inline std::string GoldenTestName(const testing::TestParamInfo<std::string>& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// "text", or [["a", 3], ["b", 1]] for "aaab".
inline std::string ExpandText(const JsonValue& json) {
  if (json.IsString()) return std::string(json.AsString());
  std::string text;
  for (const JsonValue& piece : json.Elements()) {
    const auto pair = piece.Elements();
    for (std::int64_t i = 0; i < pair.at(1).AsInteger(); ++i) text += pair.at(0).AsString();
  }
  return text;
}

}  // namespace merle
