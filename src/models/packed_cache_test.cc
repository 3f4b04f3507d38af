#include "models/packed_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/cache_entry.h"
#include "base/file.h"
#include "base/format.h"
#include "base/test_folder.h"
#include "base/thread_pool.h"
#include "kernels/cpu.h"
#include "kernels/dot_tile.h"
#include "models/calibration.h"
#include "models/compute.h"
#include "models/packing_version.h"
#include "models/registry.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNumbers = 100;

struct Stored {
  Stored() : numbers(kNumbers), letters(3) {
    for (std::size_t i = 0; i < kNumbers; ++i) numbers.data()[i] = static_cast<float>(i);
    std::memcpy(letters.data(), "abc", 3);
  }
  PackedFields Fields() {
    PackedFields fields;
    fields.Field(numbers, kNumbers);
    fields.Field(letters, 3);
    return fields;
  }
  AlignedBuffer<float> numbers;
  AlignedBuffer<char> letters;
};

// The only entry of a cache.
std::string EntryOf(const std::string& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".packed") return entry.path().string();
  }
  return "";
}

TEST(PackedCache, GivesWhatWasStored) {
  const TestFolder folder;
  const PackedCache cache(CacheEntry(folder.Path("new/cache"), "the key"));
  EXPECT_FALSE(cache.Open());
  Stored stored;
  cache.Store(stored.Fields());
  auto fields = cache.Open();
  ASSERT_TRUE(fields);
  AlignedBuffer<float> numbers;
  AlignedBuffer<char> letters;
  fields->Field(numbers, kNumbers);
  EXPECT_FALSE(fields->whole());  // One is left.
  fields->Field(letters, 3);
  EXPECT_TRUE(fields->whole());
  EXPECT_TRUE(std::ranges::equal(numbers.span(), stored.numbers.span()));
  EXPECT_EQ(std::string(letters.data(), 3), "abc");
}

TEST(PackedCache, OtherSizesAreNotWhole) {
  const TestFolder folder;
  const PackedCache cache(CacheEntry(folder.path(), "key"));
  Stored stored;
  cache.Store(stored.Fields());
  for (const auto& [first, second] : {std::pair(kNumbers - 1, 3u), std::pair(kNumbers, 4u)}) {
    auto fields = cache.Open();
    ASSERT_TRUE(fields);
    AlignedBuffer<float> numbers;
    AlignedBuffer<char> letters;
    fields->Field(numbers, first);
    fields->Field(letters, second);
    EXPECT_FALSE(fields->whole());
  }
  auto fields = cache.Open();
  Stored more;
  fields->Field(more.numbers, kNumbers);
  fields->Field(more.letters, 3);
  fields->Field(more.letters, 3);  // Nothing is left.
  EXPECT_FALSE(fields->whole());
}

// Hidden states of a model loaded with a cache.
Matrix<float> StatesOf(const std::string& model, const std::string& cache, Compute compute) {
  const auto loaded = LoadEncoderModel(model, {.compute = compute, .cache_folder = cache});
  const CalibrationTexts texts(loaded->shape(), {});
  Matrix<float> states(texts.ids.size(), loaded->shape().hidden_size);
  ThreadPool alone(1);
  loaded->Forward(texts.batch(), alone, states.view());
  return states;
}

bool Same(const Matrix<float>& a, const Matrix<float>& b) {
  return a.rows() == b.rows() && std::memcmp(a.data(), b.data(), a.rows() * a.cols() * 4) == 0;
}

class CachedModel : public testing::TestWithParam<Compute> {};

TEST_P(CachedModel, HasTheSameBitsAsOneThatWasConverted) {
  const fs::path golden = fs::path(MERLE_SOURCE_DIR) / "tests/golden/models/bert-tiny-odd";
  const TestFolder folder;
  const std::string model = folder.Path("model"), cache = folder.Path("cache");
  fs::copy(golden, model, fs::copy_options::recursive);
  const Matrix<float> converted = StatesOf(model, "", GetParam());
  EXPECT_TRUE(Same(StatesOf(model, cache, GetParam()), converted));
  ASSERT_NE(EntryOf(cache), "");
  EXPECT_TRUE(Same(StatesOf(model, cache, GetParam()), converted));
  FlipByte(EntryOf(cache), 1000);
  EXPECT_TRUE(Same(StatesOf(model, cache, GetParam()), converted));
}

TEST_P(CachedModel, IsNotTakenForOneOfOtherWeights) {
  const fs::path golden = fs::path(MERLE_SOURCE_DIR) / "tests/golden/models/bert-tiny-odd";
  const TestFolder folder;
  const std::string model = folder.Path("model"), cache = folder.Path("cache");
  fs::copy(golden, model, fs::copy_options::recursive);
  StatesOf(model, cache, GetParam());
  const std::string weights = model + "/model.safetensors";
  for (std::size_t at = fs::file_size(weights) / 2; at < fs::file_size(weights); at += 4) {
    FlipByte(weights, at);  // The lowest bit of a number's significand.
  }
  EXPECT_TRUE(Same(StatesOf(model, cache, GetParam()), StatesOf(model, "", GetParam())));
}

// What was stored on another machine that shares the home, or by another version, must not be
// taken. The key lies in the entry as it is.
TEST(CachedModelKey, NamesTheVersionAndWhatTheCpuHasASayIn) {
  const fs::path golden = fs::path(MERLE_SOURCE_DIR) / "tests/golden/models/bert-tiny-odd";
  for (const Compute compute : {Compute::kF32, Compute::kBf16, Compute::kInt8, Compute::kAuto}) {
    const TestFolder folder;
    StatesOf(golden.string(), folder.path(), compute);
    const std::string_view name = ComputeName(compute);
    std::string kernels(ActiveCpuPath());
    if (compute == Compute::kAuto) {
      kernels +=
          Format(" {} {} ", ActiveInt8Kernel().name, ActiveBf16Kernel().name);  // No pooling.
    }
    const std::string first = Format("{}\n{} {}\n", kPackingVersion, name, kernels);
    int entries = 0;
    for (const auto& file : fs::directory_iterator(folder.path())) {
      if (file.path().extension() != ".packed") continue;
      entries += ReadFile(file.path().string(), 1 << 24).find(first) == std::string::npos ? 0 : 1;
    }
    EXPECT_EQ(entries, 1) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Arithmetics, CachedModel,
                         testing::Values(Compute::kF32, Compute::kBf16, Compute::kInt8,
                                         Compute::kAuto),
                         [](const auto& test) { return std::string(ComputeName(test.param)); });

}  // namespace
}  // namespace merle
