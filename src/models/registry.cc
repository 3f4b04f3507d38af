#include "models/registry.h"

#include <cstdint>
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

using Model = std::unique_ptr<EncoderModel>;

// The vectors of the calibration's texts, [texts, any].
Matrix<float> TryOn(const EncoderModel& model, const ModelOptions& options) {
  const CalibrationTexts texts(model.shape(), options.special_ids);
  const TokenBatch batch = texts.batch();
  ThreadPool alone(1);
  Matrix<float> states(texts.ids.size(), model.shape().hidden_size);
  model.Forward(batch, alone, states.view());
  return PoolTexts(batch, states.view(), options.pool);
}

// What the vectors must keep of those of float on texts of random tokens, which are harder than
// real ones: all-MiniLM-L6-v2 in int8 has a mean of 0.9990 on them and of 0.9994 on Wikipedia.
struct Candidate {
  Compute compute;
  bool native;  // This CPU has instructions for it.
  double least_mean;
  double least_worst;
};

// The model in the fastest arithmetic that stays near float.
Model LoadFastest(const Family& family, const Folder& folder, const JsonValue& config,
                  ModelOptions options) {
  const Candidate candidates[] = {{Compute::kInt8, ActiveInt8Kernel().native, 0.9985, 0.995},
                                  {Compute::kBf16, ActiveBf16Kernel().native, 0.9999, 0.999}};
  options.compute = Compute::kF32;
  Model reference = family.load(folder, config, options);
  const Matrix<float> wanted = TryOn(*reference, options);
  for (const auto& [compute, native, least_mean, least_worst] : candidates) {
    if (!native) continue;
    options.compute = compute;
    try {
      Model model = family.load(folder, config, options);
      const Cosines cosines = CompareRows(TryOn(*model, options).view(), wanted.view());
      if (cosines.mean >= least_mean && cosines.worst >= least_worst) return model;
    } catch (const Error& error) {  // A layer that is too wide for 8 bits.
      if (error.code() != ErrorCode::kUnimplemented) throw;
    }
  }
  return reference;
}

// The same; what was chosen is kept for the next time where there is a cache.
Model LoadKnownFastest(const Family& family, const Folder& folder, const JsonValue& config,
                       ModelOptions options) {
  const PackedCache cache = OpenPackedCache(folder, Weights::Open(folder, ""), options);
  AlignedBuffer<Compute> choice(1);
  if (auto stored = cache.Open()) {
    stored->Field(choice, 1);
    if (stored->whole() && *choice.data() <= Compute::kInt8) {
      options.compute = *choice.data();
      return family.load(folder, config, options);
    }
    choice = AlignedBuffer<Compute>(1);
  }
  Model model = LoadFastest(family, folder, config, options);
  *choice.data() = model->compute();
  PackedFields fields;
  fields.Field(choice, 1);
  cache.Store(fields);
  return model;
}

// int8 and kAuto run the model on these ids while it loads.
void CheckSpecialIds(const JsonValue& config, const ModelOptions& options) {
  const auto rows = config.Find("vocab_size");
  if (!rows) return;  // The family says that it is missing.
  for (const std::int32_t id : options.special_ids) {
    if (id < rows->AsInteger()) continue;
    rows->Fail(
        Format("is {}, and the tokenizer gives an empty text the id {}", rows->AsInteger(), id));
  }
}

}  // namespace

std::unique_ptr<EncoderModel> LoadEncoderModel(const Folder& folder, const ModelOptions& options) {
  const JsonDocument config = JsonDocument::Load(folder, "config.json");
  const std::string_view model_type = config.root().At("model_type").AsString();
  for (const Family& family : kFamilies) {
    if (model_type != family.model_type) continue;
    CheckSpecialIds(config.root(), options);
    if (options.compute == Compute::kAuto) {
      return LoadKnownFastest(family, folder, config.root(), options);
    }
    return family.load(folder, config.root(), options);
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
