// BERT: token, position and segment embeddings, then layers of self-attention and feed-forward.
#pragma once

#include <memory>

#include "base/folder.h"
#include "base/json_reader.h"
#include "models/encoder_model.h"

namespace merle {

// Loads a BERT encoder (model_type "bert"). `config` is `folder`/config.json; not kAuto.
// Source: Devlin et al. 2019. Peer: transformers BertModel, post layer norm, absolute positions.
std::unique_ptr<EncoderModel> LoadBert(const Folder& folder, const JsonValue& config,
                                       const ModelOptions& options);

}  // namespace merle
