#include "models/registry.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/quote.h"
#include "base/thread_pool.h"
#include "kernels/dot_tile.h"
#include "models/bert.h"
#include "models/calibration.h"
#include "models/compute.h"
#include "models/encoder_model.h"
#include "models/packed_cache.h"
#include "models/weights.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

struct Family {
  const char* model_type;  // As config.json has it.
  std::unique_ptr<EncoderModel> (*load)(const Folder& folder, const JsonValue& config,
                                        const ModelOptions& options);
};

constexpr Family kFamilies[] = {
    {"bert", &LoadBert},
};

// The last hidden states of `texts`, [tokens, hidden].
Matrix<float> HiddenStates(const EncoderModel& model, const CalibrationTexts& texts) {
  ThreadPool alone(1);
  Matrix<float> states(texts.ids.size(), model.shape().hidden_size);
  model.Forward(texts.batch(), alone, states.view());
  return states;
}

// The fastest arithmetic with native instructions whose vectors stay near those of float.
Compute ChooseCompute(const Family& family, const Folder& folder, const JsonValue& config,
                      ModelOptions options) {
  // Random tokens are harder than texts: all-MiniLM-L6-v2 in int8 has 0.9990 on them, 0.9994 on
  // Wikipedia.
  constexpr double kLeastCosine = 0.998;
  std::vector<Compute> candidates;
  if (ActiveInt8Kernel().native) candidates.push_back(Compute::kInt8);
  if (ActiveBf16Kernel().native) candidates.push_back(Compute::kBf16);
  if (candidates.empty()) return Compute::kF32;
  options.compute = Compute::kF32;
  const auto reference = family.load(folder, config, options);
  const CalibrationTexts texts(reference->shape(), options.special_ids);
  const Matrix<float> wanted = HiddenStates(*reference, texts);
  for (const Compute compute : candidates) {
    options.compute = compute;
    const Matrix<float> states = HiddenStates(*family.load(folder, config, options), texts);
    if (MeanCosine(texts.batch(), states.view(), wanted.view()) >= kLeastCosine) return compute;
  }
  return Compute::kF32;
}

// The same, chosen once for a model and CPU where there is a cache.
Compute KnownOrChosenCompute(const Family& family, const Folder& folder, const JsonValue& config,
                             const ModelOptions& options) {
  const PackedCache cache = OpenPackedCache(folder, Weights::Open(folder, ""), options);
  AlignedBuffer<Compute> choice(1);
  if (auto stored = cache.Open()) {
    stored->Field(choice, 1);
    if (stored->whole() && *choice.data() <= Compute::kInt8) return *choice.data();
    choice = AlignedBuffer<Compute>(1);
  }
  *choice.data() = ChooseCompute(family, folder, config, options);
  PackedFields fields;
  fields.Field(choice, 1);
  cache.Store(fields);
  return *choice.data();
}

}  // namespace

std::unique_ptr<EncoderModel> LoadEncoderModel(const Folder& folder, const ModelOptions& options) {
  const JsonDocument config = JsonDocument::Load(folder, "config.json");
  const std::string_view model_type = config.root().At("model_type").AsString();
  for (const Family& family : kFamilies) {
    if (model_type != family.model_type) continue;
    ModelOptions chosen = options;
    if (options.compute == Compute::kAuto) {
      chosen.compute = KnownOrChosenCompute(family, folder, config.root(), options);
    }
    return family.load(folder, config.root(), chosen);
  }
  config.root()
      .At("model_type")
      .Fail(Format("is {}, which is not supported; known: {}", Quoted(model_type),
                   Join(EncoderModelTypes(), ", ")),
            ErrorCode::kUnimplemented);
}

std::vector<std::string> EncoderModelTypes() {
  std::vector<std::string> types;
  for (const Family& family : kFamilies) types.emplace_back(family.model_type);
  return types;
}

}  // namespace merle
