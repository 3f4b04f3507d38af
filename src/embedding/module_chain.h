// The modules of a model in a row: token ids to vectors by transformer, pooling and what follows.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "embedding/batcher.h"
#include "embedding/model_folder.h"
#include "embedding/modules.h"
#include "embedding/pooling.h"
#include "embedding/statistics.h"
#include "embedding/tokenized_texts.h"
#include "models/encoder_model.h"
#include "tensor/matrix.h"

namespace merle {

// The pooling's config.json, or mean pooling for a model that is only a transformer.
Pooling LoadPooling(const ModelFolder& folder);

// Immutable: const methods may run in several threads at once.
class ModuleChain {
 public:
  // `model` and `pooling` are the first of the folder's modules. Throws kUnimplemented for a module
  // or option that Merle doesn't know, kDataLoss for a broken file.
  ModuleChain(const ModelFolder& folder, std::unique_ptr<EncoderModel> model, Pooling pooling);

  // A vector that sound weights don't make.
  struct BadVector {
    std::size_t text;       // The first that has one.
    std::string_view what;  // "all zeros", "not finite".
  };

  // Writes the vectors of `texts` to `out` [texts, dim()], and adds to the times of the two stages.
  // The texts must be in the model's limits.
  std::optional<BadVector> Run(const TokenizedTexts& texts, ThreadPool& pool, MatrixView<float> out,
                               EmbedStats& stats) const;

  std::size_t dim() const { return modules_.empty() ? pooled_dim() : modules_.back()->out_dim(); }
  const EncoderModel& model() const { return *model_; }
  const Pooling& pooling() const { return pooling_; }
  std::string pooling_name() const;
  std::string Describe() const;  // As Embedder's.

 private:
  struct Worker;

  static void DivideTime(double seconds, std::span<const Worker> workers, EmbedStats& stats);
  std::size_t pooled_dim() const { return pooling_.modes().size() * model_->shape().hidden_size; }
  MatrixView<float> HiddenStates(const TokenizedTexts& texts, TextGroup group, ThreadPool& threads,
                                 Worker& worker) const;
  void Pool(MatrixView<const float> states, const TokenizedTexts& texts, TextGroup group,
            Worker& worker, MatrixView<float> out, std::span<char> nothing) const;
  void Finish(MatrixView<const float> pooled, MatrixView<float> out) const;

  std::unique_ptr<EncoderModel> model_;
  Pooling pooling_;
  std::vector<std::unique_ptr<Module>> modules_;
  mutable ThreadPool alone_{1};  // The calling thread, for groups that run side by side.
};

}  // namespace merle
