// The one table of tokenizer steps: from the "type" in tokenizer.json to the step.
#pragma once

#include <memory>

#include "base/json_reader.h"
#include "tokenizers/decoder.h"
#include "tokenizers/model.h"
#include "tokenizers/normalizer.h"
#include "tokenizers/post_processor.h"
#include "tokenizers/pre_tokenizer.h"
#include "tokenizers/vocabulary.h"

namespace merle {

// Each makes the step that a JSON object describes. Throws kUnimplemented if its type is not in the
// table, kDataLoss if it is no such object; both name the file.
std::unique_ptr<Normalizer> MakeNormalizer(const JsonValue& json);
std::unique_ptr<PreTokenizer> MakePreTokenizer(const JsonValue& json);
// known: the model's vocabulary, where it does not stand in `json`.
std::unique_ptr<Model> MakeModel(const JsonValue& json, const Vocabulary* known = nullptr);
PostProcessor MakePostProcessor(const JsonValue& json);
std::unique_ptr<Decoder> MakeDecoder(const JsonValue& json);

}  // namespace merle
