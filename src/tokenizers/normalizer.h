// Normalizer: the step that rewrites a text before it is cut into words.
#pragma once

#include "tokenizers/aligned_text.h"

namespace merle {

// Immutable; may be used in several threads.
class Normalizer {
 public:
  virtual ~Normalizer() = default;

  virtual void Normalize(AlignedText& text) const = 0;
};

}  // namespace merle
