#include "embedding/module_chain.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/stopwatch.h"
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
namespace {

std::vector<std::unique_ptr<Module>> LoadModules(const ModelFolder& model, std::size_t dim) {
  std::vector<std::unique_ptr<Module>> modules;
  for (std::size_t i = 2; i < model.modules.size(); ++i) {
    modules.push_back(LoadModule(model.modules[i].class_name, model.modules[i].folder, dim));
    dim = modules.back()->out_dim();
  }
  return modules;
}

bool IsZero(std::span<const float> vector) {
  return std::ranges::all_of(vector, [](float x) { return x == 0; });
}

bool IsFinite(std::span<const float> vector) {
  return std::ranges::all_of(vector, [](float x) { return std::isfinite(x); });
}

}  // namespace

// What one thread works in, group by group, and the time it spent at the two stages.
struct ModuleChain::Worker {
  AlignedBuffer<float> states;      // [tokens, hidden]
  AlignedBuffer<float> pooled;      // [texts, pooled dim]
  std::vector<std::size_t> starts;  // [texts + 1]
  double forward_seconds = 0;
  double pool_seconds = 0;
};

Pooling LoadPooling(const ModelFolder& model) {
  if (!model.has_modules_file) return Pooling({PoolingMode::kMean});
  if (model.modules.size() < 2 || model.modules[1].class_name != "Pooling") {
    throw Error(
        ErrorCode::kUnimplemented,
        Format("{}: modules.json has no Pooling after the Transformer, which is not supported",
               model.modules[0].folder.path()));
  }
  return Pooling::FromConfig(JsonDocument::Load(model.modules[1].folder, "config.json").root());
}

ModuleChain::ModuleChain(const ModelFolder& folder, std::unique_ptr<EncoderModel> model,
                         Pooling pooling)
    : model_(std::move(model)),
      pooling_(std::move(pooling)),
      modules_(LoadModules(folder, pooled_dim())) {}

// Adds `seconds` on the clock to the two stages, in the proportion of what the threads spent.
void ModuleChain::DivideTime(double seconds, std::span<const Worker> workers, EmbedStats& stats) {
  double forward = 0, pool = 0;
  for (const Worker& worker : workers) {
    forward += worker.forward_seconds;
    pool += worker.pool_seconds;
  }
  const double share = seconds * forward / std::max(forward + pool, 1e-9);
  stats.forward_seconds += share;
  stats.pool_seconds += seconds - share;
}

// Runs texts [group.first, group.last) through the transformer. Returns worker.states, [tokens,
// hidden], and leaves in worker.starts where each text begins there.
MatrixView<float> ModuleChain::HiddenStates(const TokenizedTexts& texts, TextGroup group,
                                            ThreadPool& threads, Worker& worker) const {
  const std::size_t begin = texts.starts[group.first];
  const std::size_t tokens = texts.Tokens(group.first, group.last);
  worker.starts.clear();
  for (std::size_t i = group.first; i <= group.last; ++i) {
    worker.starts.push_back(texts.starts[i] - begin);
  }
  const std::size_t hidden = model_->shape().hidden_size;
  worker.states.Reserve(tokens * hidden);
  const MatrixView<float> states(worker.states.data(), tokens, hidden);
  model_->Forward(
      {.ids = std::span(texts.ids).subspan(begin, tokens), .type_ids = {}, .starts = worker.starts},
      threads, states);
  return states;
}

// Makes a vector of each text's hidden states. nothing[i]: whether tokens of the group's text i
// were pooled, and gave zeros.
void ModuleChain::Pool(MatrixView<const float> states, const TokenizedTexts& texts, TextGroup group,
                       Worker& worker, MatrixView<float> out, std::span<char> nothing) const {
  worker.pooled.Reserve(out.rows() * pooled_dim());
  const MatrixView<float> pooled(worker.pooled.data(), out.rows(), pooled_dim());
  for (std::size_t i = 0; i < out.rows(); ++i) {
    const std::size_t begin = worker.starts[i], tokens = worker.starts[i + 1] - begin;
    const std::size_t skip = texts.SkipOf(group.first + i);
    pooling_.Pool(states.Rows(begin, tokens), skip, pooled.Row(i));
    nothing[i] = tokens > skip && IsZero(pooled.Row(i)) ? 1 : 0;
  }
  Finish(pooled, out);
}

std::optional<ModuleChain::BadVector> ModuleChain::Run(const TokenizedTexts& texts,
                                                       ThreadPool& pool, MatrixView<float> out,
                                                       EmbedStats& stats) const {
  const std::vector<TextGroup> groups = GroupTexts(texts, pool.size());
  std::vector<Worker> workers(pool.size());
  std::vector<char> nothing(out.rows());
  const auto run = [&](std::size_t g, ThreadPool& threads, Worker& worker) {
    Stopwatch watch;
    const auto [begin, end] = groups[g];
    const MatrixView<float> states = HiddenStates(texts, groups[g], threads, worker);
    worker.forward_seconds += watch.Lap();
    Pool(states, texts, groups[g], worker, out.Rows(begin, end - begin),
         std::span(nothing).subspan(begin, end - begin));
    worker.pool_seconds += watch.Lap();
  };
  const Stopwatch watch;
  // Groups side by side, each on one thread, are fastest; those of the last round use all threads
  // one by one where there are not enough of them to keep every thread busy.
  const std::size_t side_by_side = groups.size() - groups.size() % pool.size();
  pool.ParallelFor(side_by_side,
                   [&](std::size_t g, std::size_t worker) { run(g, alone_, workers[worker]); });
  for (std::size_t g = side_by_side; g < groups.size(); ++g) run(g, pool, workers[0]);
  DivideTime(watch.Seconds(), workers, stats);

  for (std::size_t i = 0; i < out.rows(); ++i) {
    if (nothing[i] != 0) return BadVector{.text = i, .what = "all zeros"};
    if (!IsFinite(out.Row(i))) return BadVector{.text = i, .what = "not finite"};
  }
  return std::nullopt;
}

// Passes the pooled vectors through the modules.
void ModuleChain::Finish(MatrixView<const float> pooled, MatrixView<float> out) const {
  Matrix<float> now, next;
  MatrixView<const float> in = pooled;
  for (const auto& module : modules_) {
    next = Matrix<float>(in.rows(), module->out_dim());
    module->Forward(in, next.view());
    std::swap(now, next);
    in = now.view();
  }
  for (std::size_t r = 0; r < in.rows(); ++r) std::ranges::copy(in.Row(r), out.Row(r).begin());
}

std::string ModuleChain::pooling_name() const { return PoolingName(pooling_); }

std::string ModuleChain::Describe() const {
  const EncoderShape& shape = model_->shape();
  const auto s = [](std::size_t count) { return count == 1 ? "" : "s"; };
  std::string text = Format("Transformer: {}, {} layer{}, {} head{}, {} wide\nPooling: {}, {}\n",
                            model_->model_type(), shape.layers, s(shape.layers), shape.heads,
                            s(shape.heads), shape.hidden_size, pooling_name(), pooled_dim());
  for (const auto& module : modules_) text += module->Describe() + '\n';
  return text;
}

}  // namespace merle
