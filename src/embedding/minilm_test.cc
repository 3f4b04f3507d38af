// all-MiniLM-L6-v2, the real model: its vectors are the reference's, and depend on the text alone.
// Skipped where the model is not in the Hugging Face cache; `make test` puts it there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error_matcher.h"
#include "base/golden_test.h"
#include "base/json_reader.h"
#include "embedding/embedder.h"
#include "embedding/statistics.h"
#include "kernels/cpu.h"
#include "kernels/dot_tile.h"
#include "models/compute.h"
#include "models/encoder_model.h"
#include "tensor/matrix.h"
#include "tensor/safetensors.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = MERLE_SOURCE_DIR;
const fs::path kGolden = kSource / "tests/golden/embedding/all-MiniLM-L6-v2";

// A sanitizer slows all down some ten times, an emulator more; fewer texts then show as much.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(MERLE_EMULATED)
constexpr bool kSlow = true;
#else
constexpr bool kSlow = false;
#endif
constexpr std::size_t kManyTexts = kSlow ? 24 : 2000;
constexpr std::size_t kHardTexts = 64;  // Those at the beginning of texts.jsonl.

// The model's folder. Tests read the environment as the edges do; embedding may not use hub.
std::string ModelFolder() {
  const char* cache = std::getenv("HF_HUB_CACHE");
  const char* hf_home = std::getenv("HF_HOME");
  const char* home = std::getenv("HOME");
  const fs::path root = cache != nullptr     ? fs::path(cache)
                        : hf_home != nullptr ? fs::path(hf_home) / "hub"
                                             : fs::path(home) / ".cache/huggingface/hub";
  const fs::path model = root / "models--sentence-transformers--all-MiniLM-L6-v2";
  std::string commit;
  std::ifstream(model / "refs/main") >> commit;
  return (model / "snapshots" / commit).string();
}

std::vector<std::string> ReadTexts(const fs::path& path) {
  std::vector<std::string> texts;
  std::ifstream lines(path);
  for (std::string line; std::getline(lines, line);) {
    const JsonDocument document = JsonDocument::Parse(line, path.string());
    texts.push_back(ExpandText(document.root().At("text")));
  }
  return texts;
}

std::vector<std::string_view> Views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

std::uint32_t Bits(float x) { return std::bit_cast<std::uint32_t>(x); }

class MiniLm : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(ModelFolder() + "/config.json")) {
      GTEST_SKIP()
          << "all-MiniLM-L6-v2 is not in the Hugging Face cache; tools/fetch_minilm gets it";
    }
  }
};

TEST_F(MiniLm, VectorsAreTheReferencesOnEveryCpuPath) {
  const std::vector<std::string> texts = ReadTexts(kGolden / "texts.jsonl");
  const auto file = SafetensorsFile::Open((kGolden / "expected.safetensors").string());
  const Tensor& expected = *file.Find("embeddings");
  ASSERT_EQ(expected.shape, (std::vector<std::size_t>{texts.size(), 384}));
  std::vector<float> values(expected.elements);
  file.ReadFloats(expected, 0, values);

  for (const std::string_view path : SupportedCpuPaths()) {
    if (path == "plain" && kSlow) continue;
    SelectCpuPath(path);
    const Embedder embedder = Embedder::Load(ModelFolder());
    // The plain path is some ten times slower: the hard texts are enough there.
    const std::size_t count = path == "plain" || kSlow ? kHardTexts : texts.size();
    const auto views = Views(texts);
    const Matrix<float> vectors = embedder.Embed(std::span(views).first(count));
    ASSERT_EQ(vectors.cols(), 384u);
    float largest = 0;
    for (std::size_t i = 0; i < count * 384; ++i) {
      const float error = std::abs(vectors.data()[i] - values[i]);
      largest = std::max(largest, std::isnan(error) ? HUGE_VALF : error);
    }
    EXPECT_LT(largest, 1e-5F) << path;
    RecordProperty(std::string("largest_difference_") + std::string(path), std::to_string(largest));
  }
  SelectCpuPath(SupportedCpuPaths().front());
}

// Texts of one to some hundred tokens: openings of articles and cuts of them.
std::vector<std::string> ManyTexts(std::size_t count) {
  const std::vector<std::string> sample = ReadTexts(kSource / "sample/wikipedia.jsonl");
  std::mt19937 random(1);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = sample[i % sample.size()];
    if (i % 2 == 1) text.resize(std::min<std::size_t>(text.size(), random() % 120));
    while (!text.empty() && (text.back() & 0x80) != 0) text.pop_back();
    texts.push_back(std::move(text));
  }
  return texts;
}

class MiniLmIn : public MiniLm, public testing::WithParamInterface<Compute> {};

TEST_P(MiniLmIn, AVectorIsBitwiseTheSameInAnyBatchAnyOrderAndWithAnyThreads) {
  const std::vector<std::string> texts =
      ManyTexts(GetParam() == Compute::kF32 ? kManyTexts : kManyTexts / 4);
  const auto views = Views(texts);
  const Embedder one = Embedder::Load(ModelFolder(), {.threads = 1, .compute = GetParam()});
  const Matrix<float> reference = one.Embed(views);
  const auto same_row = [&](std::span<const float> row, std::size_t i) {
    return std::ranges::equal(row, reference.Row(i), {}, Bits, Bits);
  };

  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), 0u);
  std::mt19937 random(7);
  for (const auto& [threads, batch_tokens] :
       {std::pair(2u, 32768u), std::pair(3u, 300u), std::pair(5u, 5000u)}) {
    std::shuffle(order.begin(), order.end(), random);
    std::vector<std::string_view> shuffled;
    shuffled.reserve(order.size());
    for (const std::size_t i : order) shuffled.push_back(texts[i]);
    const Embedder embedder =
        Embedder::Load(ModelFolder(), {.threads = threads, .compute = GetParam()});
    const Matrix<float> vectors = embedder.Embed(shuffled, {.batch_tokens = batch_tokens});
    for (std::size_t i = 0; i < order.size(); ++i) {
      ASSERT_TRUE(same_row(vectors.Row(i), order[i])) << threads << " threads, text " << order[i];
    }
  }
  const Embedder two = Embedder::Load(ModelFolder(), {.threads = 2, .compute = GetParam()});
  for (std::size_t i = 0; i < texts.size(); i += 10) {
    ASSERT_TRUE(same_row(two.Embed(texts[i]).Row(0), i)) << "alone, text " << i;
  }
}

class MiniLmRoundedTo : public MiniLmIn {};

struct Nearness {
  double mean, worst;  // Cosines to the vectors of float.
};

Nearness NearnessToFloat(Compute compute, std::span<const std::string_view> texts) {
  const Matrix<float> vectors = Embedder::Load(ModelFolder(), {.compute = compute}).Embed(texts);
  const Matrix<float> wanted = Embedder::Load(ModelFolder()).Embed(texts);
  Nearness nearness{.mean = 0, .worst = 1};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const double cosine = std::inner_product(vectors.Row(i).begin(), vectors.Row(i).end(),
                                             wanted.Row(i).begin(), 0.0);
    nearness.mean += cosine / static_cast<double>(texts.size());
    nearness.worst = std::min(nearness.worst, cosine);
  }
  return nearness;
}

TEST_P(MiniLmRoundedTo, VectorsStayNearThoseOfFloatOnEveryCpuPath) {
  const Nearness bar = GetParam() == Compute::kInt8 ? Nearness{.mean = 0.999, .worst = 0.995}
                       : GetParam() == Compute::kBf16
                           ? Nearness{.mean = 0.99998, .worst = 0.9999}
                           : Nearness{.mean = 1 - 1e-6, .worst = 1 - 1e-6};
  const std::vector<std::string> texts = ManyTexts(kSlow ? 16 : 300);
  const auto views = Views(texts);
  for (const std::string_view path : SupportedCpuPaths()) {
    SelectCpuPath(path);
    // Where there are no instructions for bf16, it is some ten times slower.
    const bool slow = path == "plain" || (GetParam() == Compute::kBf16 && path == "avx2");
    const std::size_t count = slow ? 16 : texts.size();
    const Nearness nearness = NearnessToFloat(GetParam(), std::span(views).first(count));
    EXPECT_GE(nearness.mean, bar.mean) << path;
    EXPECT_GE(nearness.worst, bar.worst) << path;
  }
  SelectCpuPath(SupportedCpuPaths().front());
}

INSTANTIATE_TEST_SUITE_P(Arithmetics, MiniLmIn,
                         testing::Values(Compute::kF32, Compute::kBf16, Compute::kInt8),
                         [](const auto& test) { return std::string(ComputeName(test.param)); });

INSTANTIATE_TEST_SUITE_P(Arithmetics, MiniLmRoundedTo,
                         testing::Values(Compute::kBf16, Compute::kInt8),
                         [](const auto& test) { return std::string(ComputeName(test.param)); });

TEST_F(MiniLm, AutoTakesTheFastestArithmeticThatThisCpuHas) {
  for (const std::string_view path : SupportedCpuPaths()) {
    SelectCpuPath(path);
    const Compute fastest = ActiveInt8Kernel().native   ? Compute::kInt8
                            : ActiveBf16Kernel().native ? Compute::kBf16
                                                        : Compute::kF32;
    const Embedder embedder = Embedder::Load(ModelFolder(), {.compute = Compute::kAuto});
    EXPECT_EQ(embedder.model().compute(), fastest) << path;
  }
  SelectCpuPath(SupportedCpuPaths().front());
}

TEST_F(MiniLm, TextsLongerThanTheModelTakesAreCutAndCounted) {
  const Embedder embedder = Embedder::Load(ModelFolder());
  EXPECT_EQ(embedder.max_tokens(), 256u);
  std::string exact, longer;
  for (int i = 0; i < 254; ++i) exact += "dog ";
  longer = exact + "dog";
  const std::string_view texts[] = {exact, longer, longer, "short"};
  EmbedStats stats;
  const Matrix<float> vectors = embedder.Embed(texts, {}, &stats);
  EXPECT_EQ(stats.cut_texts, 2u);
  EXPECT_EQ(stats.texts, 4u);
  EXPECT_EQ(stats.tokens, 3 * 256u + 3);
  EXPECT_TRUE(std::ranges::equal(vectors.Row(0), vectors.Row(1)));
  EXPECT_THAT([&] { embedder.Embed(texts, {.on_long = OnLong::kError}); },
              ThrowsError(ErrorCode::kInvalidArgument,
                          testing::HasSubstr("text 1 has 257 tokens, the model takes 256")));
}

}  // namespace
}  // namespace merle
