// Every folder under tests/golden/embedding gives the vectors of sentence-transformers.
#include "base/golden_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/json_reader.h"
#include "embedding/embedder.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(MERLE_SOURCE_DIR) / "tests/golden/embedding";

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

    const Matrix<float> vector = embedder_.Embed(ExpandText(root.At("text")), options);
    const auto expected = root.At("embedding").Elements();
    ASSERT_EQ(vector.cols(), expected.size()) << line;
    for (std::size_t j = 0; j < expected.size(); ++j) {
      const double value = expected[j].AsNumber();
      ASSERT_NEAR(vector.Row(0)[j], value, 1e-5 * std::max(1.0, std::abs(value)))
          << root.At("name").AsString() << ", component " << j;
    }
  }
  EXPECT_GT(cases, 0u);
}

// all-MiniLM-L6-v2 has results only; minilm_test.cc uses them.
INSTANTIATE_TEST_SUITE_P(Models, Golden,
                         testing::ValuesIn(GoldenNames(kGolden, "model.safetensors")),
                         GoldenTestName);

}  // namespace
}  // namespace merle
