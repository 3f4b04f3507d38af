// What turns texts into vectors, wherever it computes them: in this process or behind a server.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "embedding/embed_options.h"
#include "embedding/prompts.h"
#include "embedding/statistics.h"
#include "tensor/matrix.h"

namespace merle {

// const methods may run in several threads at once.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;

  // Returns [texts, dim], row i the vector of texts[i]; adds to `stats` what was done.
  // Throws kInvalidArgument for a text that can't be embedded, and names it by options.name_text.
  virtual Matrix<float> Embed(std::span<const std::string_view> texts,
                              const EmbedOptions& options = {},
                              EmbedStats* stats = nullptr) const = 0;

  // Returns the vector of one text, [dim] floats in a matrix of one row.
  Matrix<float> Embed(std::string_view text, const EmbedOptions& options = {}) const {
    return Embed(std::span(&text, 1), options);
  }

  // Components of a vector that Embed gives under `options`.
  virtual std::size_t dim(const EmbedOptions& options = {}) const = 0;

  virtual const Prompts& prompts() const = 0;
};

}  // namespace merle
