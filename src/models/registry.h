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
//
// kAuto takes int8 or else bf16 if this CPU has instructions for it and, on texts of random tokens,
// the vectors stay near those of float (mean cosine at least 0.9985 and 0.9999, worst 0.995 and
// 0.999); else float.
std::unique_ptr<EncoderModel> LoadEncoderModel(const Folder& folder,
                                               const ModelOptions& options = {});

// The values of model_type that LoadEncoderModel knows.
std::vector<std::string> EncoderModelTypes();

}  // namespace merle
