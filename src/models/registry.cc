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
#include "models/bert.h"
#include "models/encoder_model.h"

namespace merle {
namespace {

struct Family {
  const char* model_type;  // As config.json has it.
  std::unique_ptr<EncoderModel> (*load)(const Folder& folder, const JsonValue& config);
};

constexpr Family kFamilies[] = {
    {"bert", &LoadBert},
};

}  // namespace

std::unique_ptr<EncoderModel> LoadEncoderModel(const Folder& folder) {
  const JsonDocument config = JsonDocument::Load(folder, "config.json");
  const std::string_view model_type = config.root().At("model_type").AsString();
  for (const Family& family : kFamilies) {
    if (model_type == family.model_type) return family.load(folder, config.root());
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
