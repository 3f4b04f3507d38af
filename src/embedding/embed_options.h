// What a call that turns texts into vectors may ask for.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "embedding/prompts.h"

namespace merle {

// What happens to a text with more tokens than the model takes. A server decides that by itself.
enum class OnLong {
  kCut,  // max_tokens() tokens count, as in the reference: the first, unless the folder says last.
  kError,  // Embed throws kInvalidArgument.
};

struct EmbedOptions {
  PromptChoice prompt = {};      // Text put before each input; the model's default if not chosen.
  std::size_t truncate_dim = 0;  // Components kept; 0 means the model's own setting.
  bool normalize = false;        // L2 norm 1 even where the model has no Normalize module.
  OnLong on_long = OnLong::kCut;
  // Tokens read ahead, or sent to a server in one request, at most: bounds the memory. 0: 32,768,
  // or as many as a server takes.
  std::size_t batch_tokens = 0;
  // Called in the calling thread, now and then, with the number of texts done. What it throws ends
  // the call.
  std::function<void(std::size_t texts_done)> on_progress = {};
  // What errors call a text, by its index from 0; "text 7" if empty. May be called in any thread.
  std::function<std::string(std::size_t index)> name_text = {};
};

}  // namespace merle
