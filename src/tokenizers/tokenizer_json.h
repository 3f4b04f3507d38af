// Reads tokenizer.json: the steps that it describes and the tokens that it adds.
#pragma once

#include <vector>

#include "base/json_reader.h"
#include "tokenizers/added_tokens.h"
#include "tokenizers/tokenizer_parts.h"
#include "tokenizers/vocabulary.h"

namespace merle {

// Sets the normalizer, the pre-tokenizer, the model, the post-processor, the decoder and the side
// that is cut. known: the model's vocabulary, where it does not stand in `json`. Throws kDataLoss,
// with the file and the key, for what is damaged, kUnimplemented for a version or a step that Merle
// lacks.
void ReadTokenizerJson(const JsonValue& json, const Vocabulary* known, Tokenizer::Parts& parts);

// The tokens beside the model's, in the order of the file. Their ids are checked and not used:
// AddedTokens gives the ids that the reference gives.
std::vector<AddedToken> ReadAddedTokens(const JsonValue& json);

}  // namespace merle
