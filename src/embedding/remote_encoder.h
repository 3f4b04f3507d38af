// Text to vector by a server that speaks OpenAI's embeddings API: OpenAI's own, Merle's, and many
// others.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "embedding/embed_options.h"
#include "embedding/prompts.h"
#include "embedding/remote_options.h"
#include "embedding/statistics.h"
#include "embedding/text_encoder.h"
#include "tensor/matrix.h"

namespace merle {

class RemoteServer;

// What was asked of the server so far, by all calls.
struct RemoteUsage {
  std::size_t requests = 0;
  std::size_t repeated = 0;  // Of these, how many were further tries.
  std::size_t tokens = 0;    // As the server counts them; 0 if it doesn't.
};

// A model behind a server. Its vectors are the server's, which need not be the same to the last bit
// when they are asked for again. const methods may run in several threads at once.
class RemoteEncoder : public TextEncoder {
 public:
  // Asks nothing yet. Throws kInvalidArgument if the address, the name or the key can't be.
  explicit RemoteEncoder(RemoteOptions options);
  RemoteEncoder(RemoteEncoder&&) noexcept;
  RemoteEncoder& operator=(RemoteEncoder&&) noexcept;
  ~RemoteEncoder() override;

  // As TextEncoder's. Several requests are on their way at once, each as large as the server takes;
  // one that it refuses for its size is sent in two, and one that fails for a moment is repeated.
  // options.on_long has no effect: the server decides. options.on_progress is called 20 times a
  // second, so it can end the wait by throwing.
  // Throws before anything is sent: kInvalidArgument for a text that is empty, which OpenAI
  // refuses, or not UTF-8. Then kInvalidArgument for texts that the server refuses, with their
  // names, and what RemoteClient::Embed throws. kDataLoss also for vectors of another length than
  // was asked for, or than came before.
  Matrix<float> Embed(std::span<const std::string_view> texts, const EmbedOptions& options = {},
                      EmbedStats* stats = nullptr) const override;
  using TextEncoder::Embed;

  // options.truncate_dim, or where that is 0 what the server sends: if nothing has come yet, it is
  // asked for the vector of a word.
  std::size_t dim(const EmbedOptions& options = {}) const override;

  const Prompts& prompts() const override { return prompts_; }  // query and document, empty.
  const RemoteOptions& options() const;
  RemoteUsage usage() const;

 private:
  Prompts prompts_;
  std::unique_ptr<RemoteServer> server_;
};

}  // namespace merle
