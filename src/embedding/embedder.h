// Text to vector, as sentence-transformers defines it: prompt, tokens, transformer, pooling,
// modules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embedding/embed_options.h"  // IWYU pragma: export
#include "embedding/prompts.h"
#include "embedding/statistics.h"
#include "embedding/text_encoder.h"
#include "embedding/tokenized_texts.h"
#include "models/compute.h"
#include "tensor/matrix.h"

namespace merle {

class EncoderModel;
class ThreadPool;
class Tokenizer;

struct EmbedderOptions {
  std::size_t threads = 0;     // Worker threads; 0 means one for each physical core.
  ThreadPool* pool = nullptr;  // Used instead of an own pool; must outlive the embedder.
  Compute compute = Compute::kF32;
  // A folder for what can be computed again, such as converted weights; empty for none. It makes
  // the next Load fast, is made where it is missing, and may be deleted at any time.
  std::string cache_folder = {};
};

// A sentence-transformers model. Immutable: const methods may run in several threads at once.
//
// The vector of a text is bitwise the same alone, in any batch, in any order and with any number
// of threads. On one machine: another instruction set rounds differently, within 1e-5.
class Embedder : public TextEncoder {
 public:
  // Loads a model folder: modules.json and what it names, or a plain transformer, which gets mean
  // pooling and no normalization. Throws kNotFound for a missing file, kDataLoss for a damaged
  // one, kUnimplemented for a model type, module or option that Merle doesn't know; the message
  // names the file.
  static Embedder Load(const std::string& folder, const EmbedderOptions& options = {});

  Embedder(Embedder&&) noexcept;
  Embedder& operator=(Embedder&&) noexcept;
  ~Embedder() override;

  // Returns [texts, dim], row i the vector of texts[i]; adds to `stats` what was done.
  // An empty text is embedded as its special tokens alone, as in the reference.
  // Throws kInvalidArgument if a text is not UTF-8, has no token, or is too long under
  // OnLong::kError, and names that text; also if a prompt name is unknown. Throws kDataLoss if the
  // weights make a component that is not finite, or a vector of zeros, which has no direction.
  Matrix<float> Embed(std::span<const std::string_view> texts, const EmbedOptions& options = {},
                      EmbedStats* stats = nullptr) const override;
  using TextEncoder::Embed;

  // Embed in three steps, for who puts texts of several callers into one batch. FinishVectors of
  // EmbedTokens of Tokenize gives the bits of Embed.
  //
  // The first: the ids that Embed would run, made on the calling thread alone. Throws as Embed does
  // for a text or prompt.
  TokenizedTexts Tokenize(std::span<const std::string_view> texts,
                          const EmbedOptions& options = {}) const;
  // The second: writes the vectors to `out` [texts, whole_dim()], all modules done. Calls at once
  // share the threads: those of `pool`, or the embedder's own. Throws as CheckTokens, and kDataLoss
  // as Embed; kInvalidArgument if `out` has another shape.
  void EmbedTokens(const TokenizedTexts& texts, MatrixView<float> out,
                   ThreadPool* pool = nullptr) const;
  // The third: of whole vectors [texts, whole_dim()] what `options` asks for, [texts,
  // dim(options)]. Throws kInvalidArgument for another shape.
  Matrix<float> FinishVectors(MatrixView<const float> whole, const EmbedOptions& options) const;

  // Whether EmbedTokens takes these. Throws kInvalidArgument naming the text if one has no token or
  // more than max_tokens(), or an id that the model has no embedding for.
  void CheckTokens(const TokenizedTexts& texts) const;

  std::size_t dim(const EmbedOptions& options = {}) const override;
  std::size_t whole_dim() const;  // Components of a vector that nothing was cut from.
  const Prompts& prompts() const override;
  std::size_t max_tokens() const;  // Tokens of one text that count, special tokens included.
  const Tokenizer& tokenizer() const;
  const EncoderModel& model() const;
  ThreadPool& pool() const;
  const LoadStats& load_stats() const;  // How long Load took.
  // Of all files that the model was read from, which it reads again: see Folder.
  std::uint64_t ChecksumOfFiles() const;

  std::string pooling_name() const;  // "mean", or several: "cls max".
  // A line for each module, first to last: "Pooling: mean, 384".
  std::string Describe() const;

  // Share of each token in the pooled vector, [tokens], non-negative, sum 1: how far a pooling
  // listens to it. hidden_states: [tokens, hidden] of one text behind the prompt, all layers done.
  std::vector<float> PoolingShares(MatrixView<const float> hidden_states,
                                   const PromptChoice& prompt = {}) const;

 private:
  struct Parts;
  explicit Embedder(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace merle
