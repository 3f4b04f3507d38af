// Every folder under tests/golden/embedding gives the vectors of sentence-transformers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/format.h"
#include "base/json_reader.h"
#include "embedding/embedder.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(MERLE_SOURCE_DIR) / "tests/golden/embedding";

// Folders that are whole models. all-MiniLM-L6-v2 has results only; minilm_test.cc uses them.
std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kGolden)) {
    if (fs::exists(entry.path() / "model.safetensors")) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// "text", or [["a", 3], ["b", 1]] for "aaab".
std::string Text(const JsonValue& value) {
  if (value.IsString()) return std::string(value.AsString());
  std::string text;
  value.ForEachElement([&](JsonValue piece) {
    const auto parts = piece.Elements();
    for (std::int64_t i = 0; i < parts[1].AsInteger(); ++i) text += parts[0].AsString();
  });
  return text;
}

class Golden : public testing::TestWithParam<std::string> {
 protected:
  const fs::path folder_ = kGolden / GetParam();
  const Embedder embedder_ = Embedder::Load(folder_.string(), {.threads = 2});
};

TEST_P(Golden, VectorsAreTheReferences) {
  std::ifstream lines(folder_ / "cases.jsonl");
  std::size_t cases = 0;
  for (std::string line; std::getline(lines, line); ++cases) {
    const JsonDocument document = JsonDocument::Parse(line, "cases.jsonl");
    const JsonValue root = document.root();
    EmbedOptions options;
    if (const auto name = root.Find("prompt_name")) options.prompt.name = name->AsString();
    if (const auto prompt = root.Find("prompt")) options.prompt.text = prompt->AsString();
    if (const auto dim = root.Find("truncate_dim")) {
      options.truncate_dim = static_cast<std::size_t>(dim->AsInteger());
    }
    options.normalize = root.At("normalize").AsBool();

    const Matrix<float> vector = embedder_.Embed(Text(root.At("text")), options);
    const auto expected = root.At("embedding").Elements();
    ASSERT_EQ(vector.cols(), expected.size()) << line;
    for (std::size_t j = 0; j < expected.size(); ++j) {
      const double value = expected[j].IsNull() ? NAN : expected[j].AsNumber();
      ASSERT_NEAR(vector.Row(0)[j], value, 1e-5 * std::max(1.0, std::abs(value)))
          << root.At("name").AsString() << ", component " << j;
    }
  }
  EXPECT_GT(cases, 0u);
}

INSTANTIATE_TEST_SUITE_P(Models, Golden, testing::ValuesIn(Names()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace merle
