// Every model folder under tests/golden/models gives the reference's hidden states.
#include "base/golden_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/thread_pool.h"
#include "kernels/cpu.h"
#include "models/calibration.h"
#include "models/compute.h"
#include "models/encoder_model.h"
#include "models/registry.h"
#include "tensor/matrix.h"
#include "tensor/safetensors.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(MERLE_SOURCE_DIR) / "tests/golden/models";

// The inputs and the reference's results of one model folder.
class Golden : public testing::TestWithParam<std::string> {
 protected:
  Golden()
      : model_(LoadEncoderModel((kGolden / GetParam()).string())),
        expected_(SafetensorsFile::Open((kGolden / GetParam() / "expected.safetensors").string())),
        ids_(Read<std::int32_t>("input_ids")),
        type_ids_(Read<std::int32_t>("type_ids")) {
    starts_ = {0};
    for (const std::int32_t length : Read<std::int32_t>("lengths")) {
      starts_.push_back(starts_.back() + static_cast<std::size_t>(length));
    }
  }

  template <typename T>
  std::vector<T> Read(const std::string& name) const {
    const Tensor* tensor = expected_.Find(name);
    EXPECT_NE(tensor, nullptr) << name;
    std::vector<T> values(tensor->elements);
    const auto bytes = expected_.Bytes(*tensor);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  TokenBatch Batch() const { return {.ids = ids_, .type_ids = type_ids_, .starts = starts_}; }

  Matrix<float> Run(ThreadPool& pool) const {
    Matrix<float> states(ids_.size(), model_->shape().hidden_size);
    model_->Forward(Batch(), pool, states.view());
    return states;
  }

  std::unique_ptr<EncoderModel> model_;
  SafetensorsFile expected_;
  std::vector<std::int32_t> ids_, type_ids_;
  std::vector<std::size_t> starts_;
};

// Largest |a - b| over the larger of 1 and |b|: states of random weights are often above 1.
float LargestError(const float* a, const std::vector<float>& b) {
  float largest = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const float error = std::abs(a[i] - b[i]) / std::max(1.0F, std::abs(b[i]));
    largest = std::max(largest, std::isnan(error) ? HUGE_VALF : error);
  }
  return largest;
}

TEST_P(Golden, HiddenStatesOfEveryLayerAreTheReferencesOnEveryCpuPath) {
  ThreadPool pool(2);
  for (const std::string_view path : SupportedCpuPaths()) {
    SelectCpuPath(path);
    Matrix<float> out(ids_.size(), model_->shape().hidden_size);
    std::size_t layers_seen = 0;
    model_->Forward(
        Batch(), pool, out.view(), [&](std::size_t layer, MatrixView<const float> states) {
          const auto expected = Read<float>(Format("hidden_states.{}", layer));
          EXPECT_LT(LargestError(states.data(), expected), 1e-5F) << path << ", layer " << layer;
          ++layers_seen;
        });
    EXPECT_EQ(layers_seen, model_->shape().layers + 1);
  }
  SelectCpuPath(SupportedCpuPaths().front());
}

TEST_P(Golden, PoolerOutputIsTheReferences) {
  ThreadPool pool(1);
  const Matrix<float> states = Run(pool);
  const std::size_t texts = starts_.size() - 1;
  Matrix<float> first(texts, states.cols());
  for (std::size_t t = 0; t < texts; ++t) {
    std::copy_n(states.Row(starts_[t]).begin(), states.cols(), first.Row(t).begin());
  }
  Matrix<float> out(texts, states.cols());
  const bool has_pooler = expected_.Find("pooler_output") != nullptr;
  ASSERT_EQ(model_->Pool(first.view(), out.view()), has_pooler);
  if (has_pooler) {
    EXPECT_LT(LargestError(out.data(), Read<float>("pooler_output")), 1e-5F);
  }
}

TEST_P(Golden, ATextHasTheSameBitsAloneAndWithAnyNumberOfThreads) {
  ThreadPool one(1);
  const Matrix<float> together = Run(one);
  for (const std::size_t threads : {2, 3, 7}) {
    ThreadPool pool(threads);
    const Matrix<float> again = Run(pool);
    EXPECT_EQ(std::memcmp(again.data(), together.data(), ids_.size() * together.cols() * 4), 0)
        << threads << " threads";
  }
  for (std::size_t t = 0; t + 1 < starts_.size(); ++t) {
    const std::size_t tokens = starts_[t + 1] - starts_[t];
    const std::size_t alone[] = {0, tokens};
    Matrix<float> states(tokens, together.cols());
    model_->Forward({.ids = std::span(ids_).subspan(starts_[t], tokens),
                     .type_ids = std::span(type_ids_).subspan(starts_[t], tokens),
                     .starts = alone},
                    one, states.view());
    EXPECT_EQ(
        std::memcmp(states.data(), together.Row(starts_[t]).data(), tokens * together.cols() * 4),
        0)
        << "text " << t;
  }
}

// Random weights are the hardest: nothing in them is of no importance.
TEST_P(Golden, EveryArithmeticStaysNearTheReference) {
  const auto last = Read<float>(Format("hidden_states.{}", model_->shape().layers));
  const MatrixView<const float> wanted(last.data(), ids_.size(), model_->shape().hidden_size);
  for (const Compute compute : {Compute::kBf16, Compute::kInt8}) {
    model_ = LoadEncoderModel((kGolden / GetParam()).string(), {.compute = compute});
    EXPECT_EQ(model_->compute(), compute);
    for (const std::string_view path : SupportedCpuPaths()) {
      SelectCpuPath(path);
      ThreadPool pool(2);
      const auto vectors = PoolTexts(Batch(), Run(pool).view());
      const Cosines cosines = CompareRows(vectors.view(), PoolTexts(Batch(), wanted).view());
      EXPECT_GE(cosines.mean, compute == Compute::kBf16 ? 0.9999 : 0.999) << path;
    }
    SelectCpuPath(SupportedCpuPaths().front());
  }
}

TEST_P(Golden, BatchesThatAreNoneAreRefused) {
  ThreadPool pool(2);
  const auto refuses = [&](const TokenBatch& batch) {
    Matrix<float> out(batch.ids.size(), model_->shape().hidden_size);
    EXPECT_THROW(model_->Forward(batch, pool, out.view()), Error);
  };
  const std::int32_t ids[] = {1, 2, 3};
  const std::int32_t beyond[] = {1, static_cast<std::int32_t>(model_->shape().vocab_size)};
  const std::int32_t negative[] = {-1, 2};
  const std::size_t two[] = {0, 2}, three[] = {0, 3}, four[] = {0, 4}, falls[] = {0, 3, 2, 3};
  const std::size_t empty_text[] = {0, 0, 3}, late[] = {1, 3};
  refuses({.ids = ids, .type_ids = {}, .starts = {}});
  refuses({.ids = ids, .type_ids = {}, .starts = two});
  refuses({.ids = ids, .type_ids = {}, .starts = four});
  refuses({.ids = ids, .type_ids = {}, .starts = falls});
  refuses({.ids = ids, .type_ids = {}, .starts = empty_text});
  refuses({.ids = ids, .type_ids = {}, .starts = late});
  refuses({.ids = beyond, .type_ids = {}, .starts = two});
  refuses({.ids = negative, .type_ids = {}, .starts = two});
  refuses({.ids = ids, .type_ids = std::span(ids).first(2), .starts = three});
  EXPECT_THROW(model_->TokenEmbedding(-1), Error);

  const std::size_t none[] = {0};
  Matrix<float> out(0, model_->shape().hidden_size);
  model_->Forward({.ids = {}, .type_ids = {}, .starts = none}, pool, out.view());
}

INSTANTIATE_TEST_SUITE_P(Models, Golden,
                         testing::ValuesIn(GoldenNames(kGolden, "expected.safetensors")),
                         GoldenTestName);

}  // namespace
}  // namespace merle
