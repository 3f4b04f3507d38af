// The one table of encoder families, and loading a model folder by it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/folder.h"
#include "models/encoder_model.h"

namespace merle {

// Loads the encoder that `folder`/config.json describes. Throws kNotFound for a missing file,
// kDataLoss for a damaged one, kUnimplemented for a model_type or an option that Merle lacks.
std::unique_ptr<EncoderModel> LoadEncoderModel(const Folder& folder);

// The values of model_type that LoadEncoderModel knows.
std::vector<std::string> EncoderModelTypes();

}  // namespace merle
