// From the texts of an input to their vectors, block by block, in memory that does not grow with
// the input.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/model_access.h"
#include "documents/record.h"
#include "embedding/embed_options.h"
#include "embedding/text_encoder.h"
#include "tensor/matrix.h"

namespace merle {

struct BlockUser {
  // Hears of a block before it is embedded: how many texts have been read with it. May be empty.
  std::function<void(std::size_t texts)> on_read;
  // Gets each block and its vectors, [records, dim], in the order of the input.
  std::function<void(std::vector<Record> records, MatrixView<const float> vectors)> use;
};

// Embeds all of `inputs`, with a progress bar; `report` counts. Returns how many texts there were,
// with `texts_before`, which were read from `inputs` before and are done.
// Throws Interrupted where HoldInterrupts is in force, ModelError, and what TextEncoder::Embed
// throws.
std::size_t EmbedStream(const Invocation& invocation, const TextEncoder& encoder,
                        InputTexts& inputs, EmbedOptions options, EmbeddingReport& report,
                        const BlockUser& user, std::size_t texts_before = 0);

}  // namespace merle
