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

std::unique_ptr<EncoderModel> LoadFastest(const Family& family, const Folder& folder,
                                          const JsonValue& config, ModelOptions options) {
  // Random tokens are harder than texts: all-MiniLM-L6-v2 in int8 has 0.9990 on them, 0.9994 on
  // Wikipedia.
  constexpr double kLeastCosine = 0.998;
  std::vector<Compute> candidates;
  if (ActiveInt8Kernel().native) candidates.push_back(Compute::kInt8);
  if (ActiveBf16Kernel().native) candidates.push_back(Compute::kBf16);
  auto reference = family.load(folder, config, {});
  if (candidates.empty()) return reference;
  const CalibrationTexts texts(reference->shape(), options.special_ids);
  const Matrix<float> wanted = HiddenStates(*reference, texts);
  for (const Compute compute : candidates) {
    options.compute = compute;
    auto model = family.load(folder, config, options);
    const Matrix<float> states = HiddenStates(*model, texts);
    if (MeanCosine(texts.batch(), states.view(), wanted.view()) >= kLeastCosine) return model;
  }
  return reference;
}

}  // namespace

std::unique_ptr<EncoderModel> LoadEncoderModel(const Folder& folder, const ModelOptions& options) {
  const JsonDocument config = JsonDocument::Load(folder, "config.json");
  const std::string_view model_type = config.root().At("model_type").AsString();
  for (const Family& family : kFamilies) {
    if (model_type != family.model_type) continue;
    return options.compute == Compute::kAuto ? LoadFastest(family, folder, config.root(), options)
                                             : family.load(folder, config.root(), options);
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
